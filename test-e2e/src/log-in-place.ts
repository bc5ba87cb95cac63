import {
  type FaultAction,
  type FaultRule,
  type RecordedRequest,
  type RegistryAuth,
  type RegistryServer,
  startRegistry,
} from '@crossdock/registry-server'
import { runCommand } from './command-in-process.ts'
import { commandProblems, layoutProblems } from './command-problems.ts'
import { aboutLayer, type FaultRow, rule } from './fault-rules.ts'
import { helperCalls, learn, type LearntFrom, OTHER_PASSWORD, PASSWORD } from './learn-credentials.ts'
import type { WrittenImage } from './write-layout.ts'

export { PASSWORD } from './learn-credentials.ts'
/** A token that another service than the registry's own gives. */
export const TOKEN = 'token-that-nobody-may-see'
export const SECRETS: readonly string[] = [PASSWORD, `me:${PASSWORD}`, TOKEN, OTHER_PASSWORD]

/** A registry that wants credentials, and another server at which it may point. */
export interface LogInPlace extends AsyncDisposable {
  readonly registry: RegistryServer
  readonly other: RegistryServer
}

export interface LogInRow extends Omit<FaultRow, 'faults' | 'asked'> {
  /** Default: basic. */
  readonly auth?: RegistryAuth['kind'] | undefined
  readonly faults?: ((place: LogInPlace) => readonly FaultRule[]) | undefined
  /** Of the other server. Default: it wants credentials as well. */
  readonly otherFaults?: readonly FaultRule[] | undefined
  /** Whether the other server gets the credentials, since that is where the registry has its token service. */
  readonly trusted?: boolean | undefined
  /** What is wrong with what the registry was asked. */
  readonly asked?: ((requests: readonly RecordedRequest[]) => readonly string[]) | undefined
  /** How the command learns who the user is. Default: by a flag. */
  readonly learnt?: LearntFrom | undefined
}

export async function openLogInPlace({
  auth = 'basic',
  otherFaults,
}: Pick<LogInRow, 'auth' | 'otherFaults'> = {}): Promise<LogInPlace> {
  const registry = await startRegistry({ auth: { kind: auth, users: { me: PASSWORD } } })
  const other = await startRegistry({
    faults: otherFaults ?? [rule({}, { kind: 'unauthorized', challenge: 'Basic realm="other"' })],
  })
  return {
    registry,
    other,
    [Symbol.asyncDispose]: async () => void (await Promise.all([registry.close(), other.close()])),
  }
}

/** Copies the image from a registry of which the row tells, and says what is wrong. */
export async function logInProblems(
  row: LogInRow,
  { image, layout }: { readonly image: WrittenImage; readonly layout: string },
): Promise<readonly string[]> {
  await using place = await openLogInPlace(row)
  const { registry } = place
  const name = `docker://${registry.host}/app:1`
  await runCommand(['copy', '-q', '--dest-creds', `me:${PASSWORD}`, `oci:${image.folder}:latest`, name])
  const home = `${layout}-home`
  const { flags, env } = await learn(row.learnt ?? 'flag', place, { home, side: 'src' })
  const before = registry.requests.length
  registry.faults.add(...(row.faults?.(place) ?? []).map((fault) => aboutLayer(fault, image.layers[0] ?? '')))
  const argv = ['copy', ...(row.flags ?? []), ...flags, name, `oci:${layout}:here`]
  const finished = await runCommand(argv, { env })
  return [
    ...commandProblems(finished, { code: row.code, says: row.says, secrets: SECRETS }),
    ...(await layoutProblems(layout, row.code === undefined ? image.digest : undefined)),
    ...(row.trusted === true ? [] : givenAway(place)),
    ...(await mixedUp(place, home)),
    ...(row.asked?.(registry.requests.slice(before)) ?? []),
  ]
}

/** What told the other server who the user is. */
export function givenAway({ other }: LogInPlace): readonly string[] {
  return other.requests
    .filter(({ headers, query, path }) => {
      const sent = [headers.authorization, headers.cookie, headers['proxy-authorization']]
      return sent.some((value) => value !== undefined) || `${path}${query}`.includes(PASSWORD)
    })
    .map(({ method, path }) => `${method} ${path} gives the credentials away`)
}

/** What told the registry of the other server's credentials, or a helper, or the list of processes, more than the registry's name. */
export async function mixedUp({ registry }: LogInPlace, home: string): Promise<readonly string[]> {
  const strange = registry.requests.filter(({ headers }) => headers.authorization?.includes(OTHER_BASIC) === true)
  const calls = await helperCalls(home)
  const secrets = [...SECRETS, ...SECRETS.map((secret) => Buffer.from(secret).toString('base64'))]
  return [
    ...strange.map(({ method, path }) => `${method} ${path} has the other server's credentials`),
    ...calls.filter(({ input }) => input !== registry.host).map(({ input }) => `the helper was asked for ${input}`),
    ...calls
      .filter(
        ({ argv }) => argv.includes(registry.host.split(':')[1] ?? '') || secrets.some((one) => argv.includes(one)),
      )
      .map(({ argv }) => `the list of processes shows ${argv}`),
  ]
}

const OTHER_BASIC = Buffer.from(`you:${OTHER_PASSWORD}`).toString('base64')

/** Redirects what is asked for on that route, once the registry knows who asks. */
export function leads(
  route: 'blob' | 'manifest' | 'token',
  to: (place: LogInPlace) => string,
): NonNullable<LogInRow['faults']> {
  return (place) => [rule({ route, nth: route === 'manifest' ? 2 : 1, times: 9 }, { kind: 'redirect', to: to(place) })]
}

/** The same machine by another name, which is another origin. */
export function onLocalhost({ other }: Pick<LogInPlace, 'other'>): string {
  return `http://localhost:${other.url.port}`
}

export function json(document: unknown): FaultAction {
  return {
    kind: 'respond',
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: typeof document === 'string' ? document : JSON.stringify(document),
  }
}
