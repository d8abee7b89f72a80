// A notice that is on the page when it loads is not read aloud; text that arrives later is.
{
  const notice = document.getElementById('notice');
  if (notice) {
    const live = document.createElement('p');
    live.className = 'sr';
    live.setAttribute('role', 'status');
    document.body.append(live);
    setTimeout(() => { live.textContent = notice.textContent.trim(); }, 200);
    setTimeout(() => { live.remove(); }, 5000);
  }
}
