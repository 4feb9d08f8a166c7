// The options of the file server, their defaults and checks.
import { realpathSync, statSync } from 'node:fs'
import { checkOptions, type Filled, type OptionTable, withDefaults } from '../../core/base/option-table.ts'
import { requirePackages } from '../../core/base/optional-packages.ts'
import { invalidOption, requireCount, requirePositive } from '../../core/base/options.ts'
import { requirePath } from '../../features/web/web-options.ts'

/** Options of the file server. Sizes in bytes, times in milliseconds. */
export interface FileOptions {
  /** The directory that is served. Nothing outside it is accessible. */
  readonly root: string
  /** Allows writing and replacing files, with PUT and POST. Default false. */
  readonly write?: boolean | undefined
  /** The prefix of the paths of files. Default '/files'. */
  readonly path?: string | undefined
  /** The largest uploaded file; larger ones get 413. Default 64 MiB. */
  readonly maxFileBytes?: number | undefined
  /** Concurrent uploads; more get 503. Default 16. */
  readonly maxUploads?: number | undefined
  /** Concurrent downloads; more get 503. Default 256. */
  readonly maxDownloads?: number | undefined
  /**
   * How long a transfer may stall, in either direction, in milliseconds. An upload may stall this long in
   * total, plus a second for each 16 KB that arrived. Default 30 000.
   */
  readonly idleMs?: number | undefined
}

export interface ResolvedFileOptions extends Filled<FileOptions> {
  /** '' or a prefix such as '/files'. */
  readonly prefix: string
}

const fileOptions: OptionTable<FileOptions> = {
  root: 'any',
  write: 'any',
  path: 'any',
  maxFileBytes: 'any',
  maxUploads: 'any',
  maxDownloads: 'any',
  idleMs: 'any',
}

const defaults = {
  write: false,
  path: '/files',
  maxFileBytes: 64 * 1024 * 1024,
  maxUploads: 16,
  maxDownloads: 256,
  idleMs: 30_000,
}

/** @throws ClientError (`INVALID_OPTION`) that names the invalid option, or a root that is not a directory. */
export function resolveFileOptions(given: FileOptions): ResolvedFileOptions {
  checkOptions('igor files', given, fileOptions)
  requirePackages('the option files of igor', ['send'])
  const options = { ...withDefaults(defaults, given), root: given.root }
  if (typeof options.root !== 'string' || statSync(options.root, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw invalidOption('igor files.root', 'an existing directory', options.root)
  if (typeof options.write !== 'boolean') throw invalidOption('igor files.write', 'true or false', options.write)
  requirePositive('igor files.maxFileBytes', options.maxFileBytes)
  requireCount('igor files.maxUploads', options.maxUploads)
  requireCount('igor files.maxDownloads', options.maxDownloads)
  requirePositive('igor files.idleMs', options.idleMs)
  const prefix = requirePath('igor files.path', options.path).replace(/\/+$/, '')
  // Absolute, so that a later change of the working directory has no effect.
  return { ...options, root: realpathSync(options.root), prefix }
}
