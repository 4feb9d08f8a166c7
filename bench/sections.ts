// How the results are divided: a section for each value or kind of load, with its plot and the tables of its cells.
import type { GroupName } from './cells.ts'
import type { Failure, Results, Row } from './summary.ts'

export interface Section {
  /** Its plot is results/<name>.svg. */
  readonly name: string
  readonly title: string
  readonly groups: readonly GroupName[]
}

const sections: readonly Section[] = [
  { name: 'small', title: 'Small objects', groups: ['small'] },
  { name: 'rows', title: 'Rows', groups: ['rows'] },
  { name: 'people', title: 'People', groups: ['people'] },
  { name: 'mix', title: 'A mix that JSON cannot say', groups: ['mix'] },
  { name: 'bytes', title: 'Bytes', groups: ['bytes'] },
  { name: 'buffer', title: 'Buffers', groups: ['buffer'] },
  { name: 'stream', title: 'Streams', groups: ['stream'] },
  { name: 'links-and-actions', title: 'Links and actions', groups: ['links', 'actions'] },
  { name: 'fanout', title: 'Fan-out', groups: ['fanout'] },
]

export interface FilledSection extends Section {
  readonly rows: readonly Row[]
  readonly failures: readonly Failure[]
}

/** Those of which something was tried. */
export function sectionsOf({ rows, failures }: Results): FilledSection[] {
  return sections
    .map((section) => ({
      ...section,
      rows: rows.filter(({ group }) => section.groups.includes(group)),
      failures: failures.filter(({ group }) => section.groups.includes(group)),
    }))
    .filter((section) => section.rows.length + section.failures.length > 0)
}

export const scaleSection = { name: 'scale', title: 'Scale' } as const
