// The theme changes at once; the form then goes to the server as it would without script, and the server remembers.
{
  const choose = (event) => {
    const chosen = event.submitter?.value;
    if (chosen === 'system') delete document.documentElement.dataset.theme;
    else if (chosen) document.documentElement.dataset.theme = chosen;
    for (const button of event.currentTarget.elements) {
      if (button.name === 'theme') button.setAttribute('aria-pressed', button === event.submitter);
    }
  };

  document.querySelectorAll('form.theme').forEach((form) => form.addEventListener('submit', choose));
}
