// A dialog that the server opened becomes a true modal one: focus stays inside, Escape means Cancel.
// The dialog with a secret key has no data-close, so it is left alone and Escape does nothing there.
{
  const upgrade = (dialog) => {
    const focused = dialog.contains(document.activeElement) ? document.activeElement : null;
    const leave = () => location.assign(dialog.dataset.close);
    dialog.removeAttribute('open');
    dialog.showModal();
    focused?.focus();

    // Escape leaves with the dialog still open, so that Back never finds an inert page without it.
    dialog.addEventListener('cancel', (event) => {
      if (!event.cancelable) return;
      event.preventDefault();
      leave();
    });
    // A browser may close it all the same, for instance on a second Escape.
    dialog.addEventListener('close', leave);
    addEventListener('pageshow', (event) => {
      if (event.persisted && !dialog.open) dialog.showModal();
    });
  };

  document.querySelectorAll('dialog[open][data-close]').forEach(upgrade);
}
