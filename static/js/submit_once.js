// A form in a dialog, or one of class "once", is sent once: a second click while the answer is on its way would throw that answer away, and with
// it the one look at a secret key. After a while it can be sent again, in case the answer never comes.
{
  const wire = (form) => {
    let sentAt = -Infinity;
    form.addEventListener('submit', (event) => {
      if (event.timeStamp - sentAt < 5000) event.preventDefault();
      else sentAt = event.timeStamp;
    });
  };

  document.querySelectorAll('dialog form, form.once').forEach(wire);
}
