// Keeps a part that cannot be shown from taking the page with it.
import { Component } from "preact";

export class Boundary extends Component {
  componentDidCatch(error) {
    this.setState({ error, of: this.props.of });
  }
  render({ children, of }, { error, of: failed }) {
    if (!error || of !== failed) return children;
    return (
      <p
        class="problem large"
        role="alert"
      >{`This answer cannot be shown (${error.message}): the page goes on with another question.`}</p>
    );
  }
}
