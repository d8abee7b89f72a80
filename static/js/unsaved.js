// data-unsaved: leaving the page while the form has changes that are not saved asks first. "true":
// the form came back with such changes.
{
  const ask = (event) => event.preventDefault();
  const watch = (form) => {
    const changed = () => addEventListener('beforeunload', ask);
    if (form.dataset.unsaved === 'true') changed();
    form.addEventListener('input', changed);
    form.addEventListener('submit', () => removeEventListener('beforeunload', ask));
  };

  document.querySelectorAll('[data-unsaved]').forEach(watch);
}
