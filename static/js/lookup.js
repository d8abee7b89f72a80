// Ctrl+K, or Command+K on a Mac, leads to the field in the header that finds keys and requests.
addEventListener('keydown', (event) => {
  const field = document.getElementById('lookup');
  if (!field || event.key !== 'k' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  if (field.closest('[inert]') || document.querySelector('dialog[open]')) return;
  event.preventDefault();
  if (!field.offsetParent) document.getElementById('nav').showPopover();
  field.select();
});
