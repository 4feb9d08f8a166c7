// The page: what is clicked becomes a stream, what comes is shown.
import { Igor } from './igor.js'

const at = (selector) => document.querySelector(selector)
const states = { open: 'connected', lost: 'connecting ...', ended: 'ended', elsewhere: 'open in another window' }
const wireLines = 8

// A reload is the same client; another tab is another one.
const id = sessionStorage.getItem('id') ?? crypto.randomUUID()
sessionStorage.setItem('id', id)

const igor = new Igor(`${location.origin.replace('http', 'ws')}/igor`, {
  id,
  onState: (state, resumed) => {
    at('#state').textContent = resumed ? 'connected again' : states[state]
    at('#state').dataset.state = state
    for (const button of document.querySelectorAll('main button, #quit')) button.disabled = state !== 'open'
  },
  onMessage: showOnTheWire,
})

// The process.

at('#dots').append(...Array.from({ length: 10 }, () => document.createElement('span')))
igor.onProcess('counter_process', (action, { counter, at: time }) => {
  if (action === 'special_for_you')
    at('#marked').textContent = `marked at ${counter}, ${new Date(time).toLocaleTimeString()}`
  else {
    at('#counter').textContent = counter
    for (const [n, dot] of [...at('#dots').children].entries()) dot.className = n <= (counter - 1) % 10 ? 'lit' : ''
  }
})

at('#mark').addEventListener('click', () => void igor.run('counter.mark').done.catch(showOnMark))

function showOnMark({ message }) {
  at('#marked').textContent = message
}

// The action.

at('#greet-form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const show = (text) => {
    at('#greeting').textContent = text
  }
  await igor.run('greet', { name: at('#name').value }).done.then(show, ({ message }) => show(message))
})

// The streams.

at('#job-form').addEventListener('submit', (event) => {
  event.preventDefault()
  const item = document.createElement('li')
  const bar = document.createElement('progress')
  const note = Object.assign(document.createElement('span'), { className: 'note', textContent: 'begun' })
  const stop = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Stop' })
  item.append(bar, note, stop)
  at('#jobs').append(item)

  const job = igor.run('job.run', { steps: Number(at('#steps').value) }, ({ done, steps }) => {
    // What was on its way when it was stopped comes still.
    if (done === undefined || !stop.isConnected) return
    bar.max = steps
    bar.value = done
    note.textContent = `${done} of ${steps}`
  })
  const end = (text) => {
    note.textContent = text
    stop.remove()
  }
  stop.addEventListener('click', () => {
    job.close()
    end('stopped')
  })
  job.done.then(
    (last) => stop.isConnected && end(last?.result ?? 'closed'),
    ({ message }) => end(message),
  )
})

// The file.

fetch('/files/notes.txt').then(async (answer) => {
  if (answer.ok) at('#text').value = await answer.text()
})

at('#save').addEventListener('click', async () => {
  const answer = await fetch('/files/notes.txt', { method: 'PUT', body: at('#text').value })
  at('#saved').textContent = answer.ok ? `saved, ${answer.status}` : await answer.text()
})

at('#text').addEventListener('input', () => {
  at('#saved').textContent = ''
})

// The end.

// The application may have ended before it could say so.
at('#quit').addEventListener('click', () => void igor.run('shutdown').done.catch(() => undefined))

function showOnTheWire(direction, message) {
  const item = document.createElement('li')
  item.className = direction
  item.textContent = JSON.stringify(message)
  const wire = at('#wire')
  wire.append(item)
  while (wire.children.length > wireLines) wire.firstChild.remove()
}
