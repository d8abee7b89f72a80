// data-select-all: a box in the head of a table that checks or clears all boxes below it.
document.querySelectorAll('[data-select-all]').forEach((all) => {
  all.addEventListener('change', () => {
    for (const box of all.closest('table').querySelectorAll('tbody input')) box.checked = all.checked;
  });
});
