// The page: what is clicked becomes a stream, what comes is shown.
import { Igor } from './igor.js'

const at = (selector) => document.querySelector(selector)
const states = {
  lost: 'Connection lost, trying again …',
  gone: 'The application does not answer. It may have ended.',
  ended: 'Ended. You can close this window.',
  elsewhere: 'Open in another window.',
}
const wireLines = 8
const mostJobs = 50
const longestFileBytes = 64 * 1024

// A reload is the same client; another tab is another one.
const id = sessionStorage.getItem('id') ?? crypto.randomUUID()
sessionStorage.setItem('id', id)

/** What has the focus when its button is switched off, and gets it back. */
let focused
const igor = new Igor(`${location.origin.replace('http', 'ws')}/igor`, {
  id,
  onState: (state, resumed) => {
    const isOpen = state === 'open'
    document.body.dataset.state = state
    at('#state').textContent = states[state] ?? (resumed ? 'Connected again' : 'Connected')
    if (!isOpen && document.activeElement !== document.body) focused = document.activeElement
    for (const button of document.querySelectorAll('main button, #quit')) button.disabled = !isOpen
    if (isOpen && document.activeElement === document.body) focused?.focus()
  },
  onMessage: showOnTheWire,
})

/** For people, of an error of igor.js or of an action. */
function sentence({ message }) {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`
}

// The process.

at('#dots').append(...Array.from({ length: 10 }, () => document.createElement('span')))
igor.onProcess('counter_process', (action, { counter, at: time }) => {
  if (action === 'special_for_you')
    at('#marked').textContent = `Marked at ${counter}, ${new Date(time).toLocaleTimeString()}`
  else {
    at('#counter').textContent = counter
    for (const [n, dot] of [...at('#dots').children].entries()) dot.className = n <= (counter - 1) % 10 ? 'lit' : ''
  }
})

at('#mark').addEventListener('click', () => {
  igor.run('counter.mark').done.catch((error) => {
    at('#marked').textContent = sentence(error)
  })
})

// The action.

at('#greet-form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const answer = await igor.run('greet', { name: at('#name').value }).done.catch(sentence)
  at('#greeting').textContent = answer
})

// The streams.

at('#job-form').addEventListener('submit', (event) => {
  event.preventDefault()
  const item = Object.assign(document.createElement('li'), { className: 'running' })
  const steps = Number(at('#steps').value)
  const bar = Object.assign(document.createElement('progress'), { max: steps, value: 0, ariaLabel: `${steps} steps` })
  const note = Object.assign(document.createElement('span'), { className: 'note', textContent: 'Begun' })
  const stop = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Stop' })
  item.append(bar, note, stop)
  at('#jobs').append(item)
  if (at('#jobs').children.length > mostJobs) at('#jobs li:not(.running)')?.remove()
  item.scrollIntoView({ block: 'nearest' })

  const job = igor.run('job.run', { steps }, ({ done }) => {
    // What was on its way when it was stopped comes still.
    if (done === undefined || !stop.isConnected) return
    bar.value = done
    note.textContent = `${done} of ${steps}`
  })
  const end = (text) => {
    const next = item.nextElementSibling?.querySelector('button')
    const hadFocus = document.activeElement === stop
    note.textContent = text
    item.className = ''
    stop.remove()
    if (hadFocus) (next ?? at('#jobs button') ?? at('#start')).focus()
  }
  stop.addEventListener('click', () => {
    job.close()
    end('Stopped')
  })
  job.done.then(
    (last) => stop.isConnected && end(last?.result ?? 'Closed'),
    (error) => stop.isConnected && end(sentence(error)),
  )
})

// The file.

const sayOfFile = (text) => {
  at('#saved').textContent = text
}

fetch('/files/notes.txt').then(
  async (answer) => {
    if (answer.ok) at('#text').value = await answer.text()
  },
  () => sayOfFile('The notes could not be read. Load the page again.'),
)

at('#save').addEventListener('click', async () => {
  const body = new Blob([at('#text').value])
  if (body.size > longestFileBytes) return sayOfFile('Not saved: that is more than 64 KB.')
  sayOfFile('Saving …')
  const answer = await fetch('/files/notes.txt', { method: 'PUT', body }).catch(() => undefined)
  if (answer?.ok) sayOfFile(`Saved at ${new Date().toLocaleTimeString([], { timeStyle: 'short' })}`)
  else sayOfFile('Not saved. Try again in a moment.')
})

at('#text').addEventListener('input', () => sayOfFile('Not saved yet'))

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
