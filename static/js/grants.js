// The chosen role: its summary is shown, and in the matrix only its scopes can be selected. data-grants has a bit for each checkbox.
{
  const role = document.getElementById('role');
  const grants = document.querySelectorAll('[data-grants]');
  const show = () => {
    let mask;
    for (const grant of grants) {
      grant.hidden = grant.dataset.role !== role.value;
      if (!grant.hidden) mask = grant.dataset.grants;
    }
    document.querySelectorAll('.matrix input').forEach((box, index) => {
      box.disabled = !!mask && !(parseInt(mask[index >> 2], 16) >> (index & 3) & 1);
    });
  };

  if (grants.length) {
    role.addEventListener('change', show);
    // A page that comes back from the history has its old values only now.
    addEventListener('pageshow', show);
  }
}
