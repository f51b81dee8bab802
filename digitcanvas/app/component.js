// What all of the page's components do: one view for each element, however often Streamlit calls.

/**
 * A component's function for Streamlit. `make` gives the view of an element, which has `update` for
 * each call, and may have `stop` for the end.
 */
export function componentOf(make) {
  const views = new WeakMap();
  const calls = new WeakMap();
  return (component) => {
    const { parentElement } = component;
    if (!views.has(parentElement)) views.set(parentElement, make(parentElement));
    const view = views.get(parentElement);
    view.update(component);
    const call = (calls.get(view) ?? 0) + 1;
    calls.set(view, call);
    return () => {
      // Streamlit may clean up a call after it makes the next one: only the newest call counts.
      if (calls.get(view) !== call) return;
      view.stop?.();
      views.delete(parentElement);
    };
  };
}
