import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { RecordedRequest } from '@crossdock/registry-server'
import { type Observation, openDepot } from './depot.ts'
import type { Ending } from './run-crossdock.ts'
import { formatBytes } from './stage.ts'
import { note, succeeded, type Tour } from './step.ts'

const LOOK_MS = 25

/** A download is killed half way and goes on where it was. */
export async function interruptedPull(tour: Tour, storage: string): Promise<void> {
  const { stage, crossdock, image, signal } = tour
  const bytesPerSecond = slowRate(tour)
  await using depot = await openDepot({ folder: storage, bytesPerSecond })
  stage.heading('Killed half way: the download goes on at the byte')
  stage.line(`the registry gives each connection ${formatBytes(bytesPerSecond)}/s`)
  const args = ['copy', '--all', `docker://${depot.host}/demo/app:1.0`, 'oci:resumed:1.0']
  const killed = await depot.observe(() =>
    crossdock.runAndKill(args, (over) => until(() => depot.sent() >= image.bytes / 2, over)),
  )
  note(tour, 'download, killed', killed)
  const arrived = killed.blobBytes
  stage.claim(
    `kill -9 after ${formatBytes(arrived)} of ${formatBytes(image.bytes)}`,
    wasKilled(killed) && arrived < image.bytes,
  )
  signal.throwIfAborted()
  const resumed = await depot.observe(() => crossdock.run(args))
  note(tour, 'download, resumed', resumed)
  const ranges = resumed.requests.filter(
    ({ route, status, range }) => route === 'blob' && status === 206 && startOf(range) > 0,
  )
  for (const request of ranges) stage.line(describeRange(request))
  stage.claim(`${ranges.length} downloads went on where they were`, succeeded(resumed) && ranges.length > 0)
  // Manifests are small and asked for again.
  const spared = image.bytes - resumed.bytes
  stage.claim(`${formatBytes(spared)} did not move again`, spared >= 0.9 * arrived)
}

/** An upload is killed half way and goes on where it was. */
export async function interruptedPush(tour: Tour): Promise<void> {
  const { stage, crossdock, image, folder, signal } = tour
  const bytesPerSecond = slowRate(tour)
  await using depot = await openDepot({ folder: join(folder, 'second-registry'), bytesPerSecond })
  stage.heading('Killed half way: the upload goes on, too')
  stage.line(`another, empty registry listens at ${depot.host}`)
  const args = ['copy', '--all', 'oci:pulled:1.0', `docker://${depot.host}/demo/app:1.0`]
  const killed = await depot.observe(() =>
    crossdock.runAndKill(args, (over) => until(() => depot.received() >= image.bytes / 2, over)),
  )
  note(tour, 'upload, killed', killed)
  const arrived = killed.blobBytes
  stage.claim(
    `kill -9 after ${formatBytes(arrived)} of ${formatBytes(image.bytes)}`,
    wasKilled(killed) && arrived < image.bytes,
  )
  signal.throwIfAborted()
  const resumed = await depot.observe(() => crossdock.run(args))
  note(tour, 'upload, resumed', resumed)
  const known = new Set(killed.requests.flatMap((request) => sessionOf(request) ?? []))
  const continued = firstOfEach(resumed.requests).filter((request) => known.has(sessionOf(request) ?? ''))
  for (const request of continued) stage.line(describeChunk(request))
  stage.claim(`${continued.length} uploads went on where they were`, succeeded(resumed) && continued.length > 0)
  const spared = image.bytes - resumed.bytes
  stage.claim(`${formatBytes(spared)} did not move again`, spared >= 0.5 * arrived)
  const pulled = await fetch(`http://${depot.host}/v2/demo/app/manifests/1.0`, { method: 'HEAD', signal })
  stage.claim(
    `the registry names ${image.digest.slice(0, 19)}…`,
    pulled.headers.get('docker-content-digest') === image.digest,
  )
}

function slowRate({ image, slowS }: Tour): number {
  return Math.round(image.largest / slowS)
}

function wasKilled({ value }: Observation<Ending>): boolean {
  // Windows has no signals: a process that is ended has an exit code.
  return value.killedBy === 'SIGKILL' || (process.platform === 'win32' && value.exitCode !== 0)
}

async function until(reached: () => boolean, signal: AbortSignal): Promise<void> {
  while (!reached()) await wait(LOOK_MS, undefined, { signal })
}

function startOf(range: string | undefined): number {
  return Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
}

function describeRange({ path, range }: RecordedRequest): string {
  return `${path.split('/').at(-1)?.slice(0, 19) ?? ''}…  Range: ${range ?? ''}`
}

/** The upload session that a request wrote to. */
function sessionOf({ method, route, path }: RecordedRequest): string | undefined {
  return route === 'upload' && (method === 'PATCH' || method === 'PUT') ? path : undefined
}

/** The first request to each upload session. */
function firstOfEach(requests: readonly RecordedRequest[]): readonly RecordedRequest[] {
  const first = new Map<string, RecordedRequest>()
  for (const request of requests) {
    const session = sessionOf(request)
    if (session !== undefined && !first.has(session)) first.set(session, request)
  }
  return [...first.values()]
}

function describeChunk({ method, headers }: RecordedRequest): string {
  return `${method}  Content-Range: ${headers['content-range'] ?? '(none)'}`
}
