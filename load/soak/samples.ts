// What was seen each second of a soak: kept in a file as it comes, and read at the end for plots and verdict.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { atMost, type Figure } from '../figures.ts'
import { megabytes } from '../processes-of.ts'
import { plot } from './plot.ts'
import { medianOf, slopeOf } from './trend.ts'

export interface SoakSample {
  readonly second: number
  readonly serverHeapBytes: number
  readonly clientHeapBytes: number
  readonly serverHandles: number
  readonly clientHandles: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly callsDone: number
  readonly cuts: number
  readonly failures: number
}

/** Heaps may seem to grow so much over the last half, by what happens to be open at its ends. */
const noiseMb = 2
/** A leak of this much would fill a gigabyte in a month. */
const mostMbPerHour = 1.4
const mostMoreHandles = 5

export class SoakSamples {
  readonly #directory: string
  readonly #all: SoakSample[] = []

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
    writeFileSync(this.#file, '')
  }

  add(sample: SoakSample): void {
    if (this.#all.length === 0) appendFileSync(this.#file, `${Object.keys(sample).join(',')}\n`)
    appendFileSync(this.#file, `${Object.values(sample).join(',')}\n`)
    this.#all.push(sample)
  }

  writePlots(): void {
    const seconds = this.#column('second')
    const series = (name: string, field: keyof SoakSample, scale = 1) => ({
      name,
      values: this.#column(field).map((value) => value * scale),
    })
    const mb = megabytes(1)
    const charts = {
      heap: {
        title: 'Heap and external memory after a collection',
        unit: 'MB',
        series: [series('server', 'serverHeapBytes', mb), series('clients', 'clientHeapBytes', mb)],
      },
      handles: {
        title: 'Sockets, timers and other handles',
        unit: 'count',
        series: [series('server', 'serverHandles'), series('clients', 'clientHandles')],
      },
      latency: {
        title: 'Small calls, each second',
        unit: 'ms',
        series: [series('median', 'medianMs'), series('99th percentile', 'p99Ms')],
      },
    }
    for (const [name, chart] of Object.entries(charts))
      writeFileSync(join(this.#directory, `${name}.svg`), plot({ ...chart, seconds }))
  }

  /** What the last half says: by then everything is warm. */
  figures(): Figure[] {
    const half = this.#all.slice(Math.floor(this.#all.length / 2))
    const hours = half.map(({ second }) => second / 3_600)
    const halfHours = (hours.at(-1) ?? 0) - (hours[0] ?? 0)
    const mostSlope = mostMbPerHour + noiseMb / Math.max(halfHours, 1 / 3_600)
    const quarter = Math.floor(half.length / 2)
    const slope = (field: keyof SoakSample): number =>
      slopeOf(
        hours,
        half.map((sample) => megabytes(sample[field])),
      )
    const more = (field: keyof SoakSample): number => {
      const values = half.map((sample) => sample[field])
      return medianOf(values.slice(quarter)) - medianOf(values.slice(0, quarter))
    }
    return [
      atMost('growth of the heap of the server', slope('serverHeapBytes'), mostSlope, 'MB/h'),
      atMost('growth of the heap of the clients', slope('clientHeapBytes'), mostSlope, 'MB/h'),
      atMost('more handles of the server', more('serverHandles'), mostMoreHandles),
      atMost('more handles of the clients', more('clientHandles'), mostMoreHandles),
    ]
  }

  get #file(): string {
    return join(this.#directory, 'samples.csv')
  }

  #column(field: keyof SoakSample): number[] {
    return this.#all.map((sample) => sample[field])
  }
}
