// The application behind the window: actions, a process and a folder for files, on one port for the page. It ends with
// its window.

import { fileURLToPath } from 'node:url'
import { Server } from 'isock'
import { igor } from 'isock/igor'
import { listenWeb } from 'isock/web'
import { Greet, Job } from './actions.ts'
import { Counter } from './counter.ts'

export interface AppOptions {
  /** A port of 0 stands for any free one. */
  readonly port: number
  /** Where the page's files are kept. */
  readonly folder: string
  /** How long a window may be gone (a page that is loaded anew) before the application ends. */
  readonly sessionMs: number
}

export interface App {
  readonly url: string
  /** Settles when it has ended. */
  readonly ended: Promise<void>
  end(): void
}

export async function startApp({ port, folder, sessionMs }: AppOptions): Promise<App> {
  const server = new Server('127.0.0.1', 0)
  const counter = new Counter()
  server.addProcess(counter)
  server.addAction(new Greet()).addAction(new Job())
  server.addActions({
    counter: { mark: (_data: unknown, { session }) => counter.mark(session.id) },
    // A page asks whether its connection still stands.
    ping: () => undefined,
    // The page's Quit. It is answered before the server has ended.
    shutdown: () => void server.shutdown(),
  })
  await server.listen()
  const { url } = await listenWeb(server, {
    port,
    static: fileURLToPath(new URL('./page', import.meta.url)),
    gateways: [
      igor({
        sessionMs,
        files: { root: folder, write: true, maxFileBytes: 64 * 1024 },
        // A window that was closed says nothing.
        onLastClientGone: () => void server.shutdown(),
      }),
    ],
  })
  return { url, ended: server.serveForever(), end: () => void server.shutdown() }
}
