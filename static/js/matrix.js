// Above the matrix of scopes: a filter for its rows, buttons for the rows that are shown, and how many scopes are selected.
document.querySelectorAll('.matrix-tools').forEach((tools) => {
  const [filter, output] = tools.querySelectorAll('input, output');
  const rows = [...tools.nextElementSibling.querySelectorAll('tbody tr')];
  const boxes = rows.flatMap((row) => [...row.querySelectorAll('input')]);
  const form = filter.form;

  const count = () => {
    const open = boxes.filter((box) => !box.disabled);
    const none = rows.every((row) => row.hidden) ? ' · No scope matches' : '';
    output.value = `${open.filter((box) => box.checked).length} of ${open.length} selected${none}`;
  };
  const narrow = () => {
    const text = filter.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(text);
    count();
  };

  filter.addEventListener('input', narrow);
  filter.addEventListener('keydown', (event) => {
    // Enter would send the form, Escape would close the dialog.
    if (event.key === 'Escape' && filter.value) filter.value = '';
    else if (event.key !== 'Enter') return;
    event.preventDefault();
    narrow();
  });
  tools.querySelectorAll('button').forEach((button) => button.addEventListener('click', () => {
    for (const box of boxes) {
      if (!box.disabled && !box.closest('tr').hidden && box.value.endsWith(button.value)) box.checked = !!button.value;
    }
    form.dispatchEvent(new Event('change'));
  }));
  form.addEventListener('change', count);
  addEventListener('pageshow', narrow);
});
