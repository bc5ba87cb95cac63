import { type OperationOptions, report } from '@crossdock/core'
import type { Endpoint } from './endpoint.ts'
import { type EndpointFailure, shortFailure } from './endpoint-failure.ts'

/** What people are told of the endpoints of one image, each once. */
export interface EndpointNotes {
  readFrom(endpoint: Endpoint, operation: OperationOptions | undefined): void
  left(failure: EndpointFailure, next: Endpoint, operation: OperationOptions | undefined): void
}

/** `image` is as the user named it, `named` its repository. */
export function createNotes(image: string, named: string): EndpointNotes {
  const told = new Set<Endpoint>()
  return {
    readFrom({ name }, operation) {
      if (name === named) return
      report(operation, { type: 'note', level: 'info', message: `${image} is read from ${name}` })
    },
    left(failure, next, operation) {
      const { endpoint, error } = failure
      // A mirror need not have everything.
      if (error.code === 'NOT_FOUND' || told.has(endpoint)) return
      told.add(endpoint)
      const message = `${shortFailure(failure)}; ${next.name} is asked instead`
      report(operation, { type: 'note', level: 'warning', message })
    },
  }
}
