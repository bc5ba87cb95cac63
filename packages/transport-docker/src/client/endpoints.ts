import { ImageError, imageName, type OperationOptions, repositoryName } from '@crossdock/core'
import type { RegistryEndpoint } from '../registries.ts'
import { type Endpoint, openEndpoint, type ReadImage } from './endpoint.ts'
import { type EndpointFailure, mayGoOn, noAnswer } from './endpoint-failure.ts'
import { createNotes } from './endpoint-notes.ts'
import { openRepository, type Repository } from './repository.ts'
import type { Session } from './session.ts'

export type AskEndpoint<Value> = (repository: Repository, endpoint?: Endpoint) => Promise<Value>

export interface Asking<Value> {
  /** For messages: `manifest 3.20`. */
  readonly what: string
  readonly operation?: OperationOptions | undefined
  /** What was begun and broke off, the last of it just now: these are not asked again for this. */
  readonly after?: readonly EndpointFailure[] | undefined
  /** Others that are not to be asked. */
  readonly without?: Iterable<Endpoint> | undefined
  /** Whether an answer will do. If not, those that are well are asked on, and it counts if none has a better one. Default: any. */
  readonly isEnough?: ((value: Value) => boolean) | undefined
}

/** The endpoints that an image may be read from: its registry, and mirrors of that. */
export interface Endpoints {
  /** Those that there are, in the order of preference, the registry itself last. Empty: it is where its name says, and alone. */
  readonly all: readonly Endpoint[]
  /** The one that will be asked first. */
  readonly preferred: Repository
  /**
   * Asks one after the other until one answers: first those whose hosts are well, and of them the one that answered before.
   * An endpoint that refuses access after it had given something, or gives other bytes than those of a digest, is the last.
   * The failure of all has the code of the registry's own and tells of each. `run` must not ask through these endpoints itself.
   */
  ask<Value>(run: AskEndpoint<Value>, asking: Asking<Value>): Promise<Value>
}

export function openEndpoints(session: Session, read: ReadImage, sources: readonly RegistryEndpoint[]): Endpoints {
  const { image } = read
  const named = repositoryName(image.dockerReference)
  const [endpoint, ...others] = sources
  const isPlain = others.length === 0 && (endpoint === undefined || repositoryName(endpoint.reference) === named)
  if (endpoint === undefined || isPlain) {
    const repository = openRepository(session, { ...read, endpoint })
    return { all: [], preferred: repository, ask: (run) => run(repository) }
  }
  const open = (one: RegistryEndpoint): Endpoint => openEndpoint(session, read, one)
  return several(session, { image: imageName(image), named, all: [open(endpoint), ...others.map(open)] })
}

interface Image {
  /** `docker://alpine:3.20` */
  readonly image: string
  /** `docker.io/library/alpine` */
  readonly named: string
  readonly all: readonly [Endpoint, ...Endpoint[]]
}

function several({ health }: Session, { image, named, all }: Image): Endpoints {
  /** In the order in which they first gave something of the image. */
  const givers = new Set<Endpoint>()
  const tell = createNotes(image, named)

  function inOrder({ after = [], without = [] }: Pick<Asking<unknown>, 'after' | 'without'>): readonly Endpoint[] {
    const unwanted = new Set([...after.map(({ endpoint }) => endpoint), ...without])
    const left = all.filter((endpoint) => !unwanted.has(endpoint))
    const [giver] = givers
    if (giver === undefined || unwanted.has(giver)) return health.order(left)
    return health.order([giver, ...left.filter((endpoint) => endpoint !== giver)])
  }

  function brokeOff(failure: EndpointFailure | undefined): void {
    if (failure !== undefined) health.failed(failure.endpoint.host, failure.error)
  }

  /** Throws if this is how it ends. */
  function goOn(failures: readonly EndpointFailure[], next: Endpoint | undefined, { what, operation }: About): void {
    const failure = failures.at(-1)
    if (failure === undefined) return
    const hadGiven = givers.has(failure.endpoint)
    if (!mayGoOn(failure.error, { hadGiven })) throw noAnswer(failures, { what, image, decisive: failure })
    if (next !== undefined) tell.left(failure, next, operation)
  }

  async function ask<Value>(run: AskEndpoint<Value>, asking: Asking<Value>): Promise<Value> {
    const { what, operation, after = [], isEnough = () => true } = asking
    brokeOff(after.at(-1))
    const failures = [...after]
    const order = inOrder(asking)
    let answer: { readonly value: Value } | undefined
    goOn(failures, order[0], asking)
    for (const [index, endpoint] of order.entries()) {
      if (answer !== undefined && health.isSuspect(endpoint.host)) continue
      const next = order[index + 1]
      const repository = next === undefined ? endpoint.patient : endpoint.brisk
      const asked = (): Promise<Value> => run(repository, endpoint)
      try {
        const value = await (all.length === 1 ? asked() : health.attempt(endpoint.host, asked, operation?.signal))
        answer ??= { value }
        if (!isEnough(value)) continue
        if (givers.size === 0) tell.readFrom(endpoint, operation)
        givers.add(endpoint)
        return value
      } catch (error) {
        failures.push({ endpoint, error: failureOf(error, operation) })
        goOn(failures, next, asking)
      }
    }
    if (answer !== undefined) return answer.value
    throw noAnswer(failures, { what, image, decisive: failures.find(({ endpoint }) => endpoint === all.at(-1)) })
  }

  return {
    all,
    get preferred() {
      const [first = all[0]] = inOrder({})
      return first.patient
    },
    ask,
  }
}

type About = Pick<Asking<unknown>, 'what' | 'operation'>

/** The abort reason, and what is no failure of an endpoint, come out as they are. */
function failureOf(error: unknown, operation: OperationOptions | undefined): ImageError {
  operation?.signal?.throwIfAborted()
  if (error instanceof ImageError) return error
  throw error
}
