// What a Server can be told: the options of the core, and those of the features that are built on it.
import { checkOptions, type OptionTable } from '../core/base/option-table.ts'
import { type ServerOptions as ActionServerOptions, gather, serverOptions } from '../core/server/server-options.ts'
import type { DataOptions } from '../features/data/data-options.ts'
import type { ThreadOptions } from '../features/threads/threads.ts'

export interface ServerOptions extends ActionServerOptions {
  /** The threads that run actions with `static threaded`. */
  readonly threads?: ThreadOptions
  /** The models, and the store that their rows are in: actions have it as `context.db`, all others as `server.db`. */
  readonly data?: DataOptions
}

export type ServerArguments =
  | [options?: ServerOptions]
  | [address: string, options?: ServerOptions]
  | [host: string, port: number, options?: ServerOptions]

const knownOptions: OptionTable<ServerOptions> = { ...serverOptions, threads: 'any', data: 'any' }

/** Refuses what a Server does not take. Throws ClientError (`INVALID_OPTION`). */
export function checkedArguments(args: ServerArguments): ServerArguments {
  checkOptions('Server', gather(args), knownOptions)
  return args
}

export function threadOptionsOf(args: ServerArguments): ThreadOptions | undefined {
  return (gather(args) as ServerOptions).threads
}

export function dataOptionsOf(args: ServerArguments): DataOptions | undefined {
  return (gather(args) as ServerOptions).data
}
