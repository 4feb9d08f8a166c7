// What modules export that only a program can give to a server: channels, guards, tasks and the like. Without a word about
// them, a guard would seem to protect what it does not.
import { Guard } from '../core/action/guard.ts'
import { isSubclass } from '../core/base/brand.ts'
import { Channel } from '../features/channels/channel.ts'
import { Service } from '../features/services/service.ts'
import { Process } from '../features/tasks/process.ts'
import { Task } from '../features/tasks/task.ts'
import type { SkippedExport } from './exported-actions.ts'
import type { LoadedModule } from './load-modules.ts'

const adders = 'in a program, or in setup(server) of a daemon'

const kinds = [
  [Guard, 'a guard protects nothing here; a program passes it to new Server({ guards })'],
  [Channel, `a channel; server.addChannel adds it, ${adders}`],
  [Process, `a process; server.addProcess adds it, ${adders}`],
  [Task, `a task; server.addTask adds it, ${adders}`],
  [Service, 'a service; isock start and isock server serve it'],
] as const

/** The exported classes and instances of these kinds, each once; services unless they are served. */
export function unservedExports(modules: readonly LoadedModule[], servesServices = false): SkippedExport[] {
  const seen = new Set<unknown>()
  const skipped: SkippedExport[] = []
  for (const [name, value] of modules.flatMap(({ exports }) => Object.entries(exports))) {
    const kind = kinds.find(([Kind]) => value instanceof Kind || isSubclass(value, Kind))
    if (kind === undefined || seen.has(value) || (servesServices && kind[0] === Service)) continue
    seen.add(value)
    skipped.push({ name, reason: kind[1] })
  }
  return skipped
}
