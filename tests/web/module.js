// The package that was built: VRAMBUDGET_PACKAGE, or where the preset "web" puts it.
const built = process.env.VRAMBUDGET_PACKAGE ?? new URL("../../build/web/package", import.meta.url).pathname;
const { load, VramBudgetError } = await import(`${built}/vrambudget.js`);
export { load, VramBudgetError };
