// bgpy's counter as a service: client and server import this.
import { Service, type ServiceContext } from 'isock'

export interface Count {
  readonly value: number
  readonly requestCount: number
}

export interface Command {
  readonly command: 'increase' | 'decrease'
  readonly by: number
}

export class Counter extends Service<Count, Command> {
  override init(start: number): Count {
    return { value: start, requestCount: 0 }
  }

  override exec({ value, requestCount }: Count, { command, by }: Command): Count {
    return { value: command === 'increase' ? value + by : value - by, requestCount: requestCount + 1 }
  }

  override async exit(count: Count, _args: undefined, { respond }: ServiceContext<Count & { status: string }>) {
    await respond({ ...count, requestCount: count.requestCount + 1, status: 'exited' })
  }
}
