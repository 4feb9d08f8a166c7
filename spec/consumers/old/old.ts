import { Action, Client, Server } from 'isock'
import { Client as PageClient } from 'isock/browser'
import { runInBackground } from 'isock/daemon'
import { data } from 'isock/data'
import { http } from 'isock/http'
import { igor } from 'isock/igor'
import { lexicons } from 'isock/lexicons'
import { createHarness } from 'isock/testing'
import { threads } from 'isock/threads'
import { TracimDaemonClient } from 'isock/tracim'
import { listenWeb } from 'isock/web'

class Echo extends Action {
  action(text: string) {
    return text
  }
}

export const text: Promise<string> = new Client('localhost', 4440).runAction(Echo, 'hi')
export {
  createHarness,
  data,
  http,
  igor,
  lexicons,
  listenWeb,
  PageClient,
  runInBackground,
  Server,
  TracimDaemonClient,
  threads,
}
