// data-select-all: a box in the head of a table that checks or clears all boxes below it.
{
  document.querySelectorAll('[data-select-all]').forEach((all) => {
    const boxes = [...all.closest('table').querySelectorAll('tbody input[type=checkbox]')];
    const show = () => {
      const count = boxes.filter((box) => box.checked).length;
      all.checked = count > 0 && count === boxes.length;
      all.indeterminate = count > 0 && count < boxes.length;
    };

    all.addEventListener('change', () => {
      for (const box of boxes) box.checked = all.checked;
    });
    for (const box of boxes) box.addEventListener('change', show);
    show();
  });
}
