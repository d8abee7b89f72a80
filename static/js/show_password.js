// The Show button of a password field; data-show names the field.
{
  const wire = (button) => {
    const field = document.getElementById(button.dataset.show);
    const what = button.getAttribute('aria-label').replace(/^Show /, '');
    const set = (visible) => {
      const word = visible ? 'Hide' : 'Show';
      field.type = visible ? 'text' : 'password';
      button.textContent = word;
      button.setAttribute('aria-label', `${word} ${what}`);
    };

    button.addEventListener('click', () => set(field.type === 'password'));
    // Sent as a password, so that no browser remembers it as ordinary text.
    field.form?.addEventListener('submit', () => set(false));
  };

  document.querySelectorAll('[data-show]').forEach(wire);
}
