// Tells what its process and the programs that it starts have in their environment; also when it was loaded.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Action } from 'isock'

const look = () => ({
  own: Object.keys(process.env),
  child: execFileSync(process.execPath, ['-p', 'JSON.stringify(process.env)'], { encoding: 'utf8' }),
  given: process.platform === 'linux' ? readFileSync('/proc/self/environ', 'utf8') : '',
})
const whenLoaded = look()

export class Environment extends Action {
  action() {
    return { whenLoaded, now: look() }
  }
}
