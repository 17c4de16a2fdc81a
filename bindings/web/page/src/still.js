// A part of the page that is drawn anew only when what it shows has changed, not with every step of the slider.
import { Component } from "preact";

/// `on`: all that its children show.
export class Still extends Component {
  shouldComponentUpdate(next) {
    return next.on.some((value, i) => value !== this.props.on[i]);
  }
  render({ children }) {
    return children;
  }
}
