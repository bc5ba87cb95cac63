import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { buildImages, verifyLayout } from '@crossdock/test-images'
import { type Depot, type Observation, openDepot } from './depot.ts'
import { interruptedPull, interruptedPush } from './interruptions.ts'
import { createCrossdock, type Ending } from './run-crossdock.ts'
import { formatBytes, type Stage, type SummaryRow } from './stage.ts'
import { type DemoImage, note, succeeded, type Tour } from './step.ts'

export interface TourOptions {
  readonly stage: Stage
  /** How `crossdock` is run: interpreter and script. */
  readonly command: readonly string[]
  /** Everything is written below it; exists and is empty. */
  readonly folder: string
  /** Of the image. Default: 1, about 67 MB. */
  readonly scale?: number | undefined
  /** How long the largest blob takes where transfers are made slow to be interrupted. Default: 4 s. */
  readonly slowS?: number | undefined
  readonly signal: AbortSignal
}

/** Shows the tour. Every claim is checked; `stage.claims` has them, and the rows of the summary are returned. */
export async function runTour(options: TourOptions): Promise<readonly SummaryRow[]> {
  const { stage, folder, signal, slowS = 4 } = options
  const image = await buildImage(options)
  const crossdock = createCrossdock({ ...options })
  const tour: Tour = { stage, crossdock, folder, image, slowS, rows: [], signal }
  const storage = join(folder, 'registry')
  {
    await using depot = await openDepot({ folder: storage })
    await thereAndBack(tour, depot)
    await nothingTwice(tour, depot)
  }
  await interruptedPull(tour, storage)
  await interruptedPush(tour)
  await verifyAll(tour)
  stage.heading('In figures')
  stage.summary(tour.rows)
  return tour.rows
}

async function buildImage({ stage, folder, scale, signal }: TourOptions): Promise<DemoImage> {
  stage.heading("An image, made from this machine's own files")
  const started = performance.now()
  const [built] = await buildImages({ folder: join(folder, 'built'), shapes: ['demo'], scale, signal })
  if (built === undefined) throw new Error('no image was built')
  await rename(built.folder, join(folder, 'image'))
  const seconds = (performance.now() - started) / 1000
  const { blobs, bytes, largest, problems } = await verifyLayout(join(folder, 'image'), { signal })
  stage.line(
    `oci:image:latest  linux/amd64 and linux/arm64, ${blobs} blobs, ${formatBytes(bytes)}, built in ${seconds.toFixed(1)} s`,
  )
  stage.claim('every blob is what its digest says', problems.length === 0)
  return { digest: built.digest, blobs, bytes, largest }
}

async function thereAndBack(tour: Tour, depot: Depot): Promise<void> {
  const { stage, crossdock, image, folder } = tour
  stage.heading('From a folder to a registry and back')
  stage.line(`a registry of this process listens at ${depot.host}`)
  const remote = `docker://${depot.host}/demo/app:1.0`
  const push = await depot.observe(() => crossdock.run(['copy', '--all', 'oci:image:latest', remote]))
  note(tour, 'folder → registry', push)
  stage.claim(
    `the registry received ${formatBytes(push.blobBytes)} of blobs`,
    succeeded(push) && push.bytes >= image.bytes,
  )
  const pull = await depot.observe(() => crossdock.run(['copy', '--all', remote, 'oci:pulled:1.0']))
  note(tour, 'registry → folder', pull)
  stage.claim(`the registry sent ${formatBytes(pull.blobBytes)} of blobs`, succeeded(pull) && pull.bytes >= image.bytes)
  const { problems } = await verifyLayout(join(folder, 'pulled'), { root: image.digest, signal: tour.signal })
  stage.claim(`the folder names the same ${image.digest.slice(0, 19)}…`, problems.length === 0)
}

async function nothingTwice(tour: Tour, depot: Depot): Promise<void> {
  const { stage, crossdock } = tour
  const remote = `docker://${depot.host}/demo/app:1.0`
  stage.heading('What is there does not move again')
  const again = await depot.observe(() => crossdock.run(['copy', '--all', remote, 'oci:pulled:1.0']))
  note(tour, 'the same again', again)
  claimIdle(stage, again)
  const back = await depot.observe(() => crossdock.run(['copy', '--all', 'oci:pulled:1.0', remote]))
  note(tour, 'the same, back', back)
  claimIdle(stage, back)
  const tagged = await depot.observe(() =>
    crossdock.run(['copy', '--all', 'oci:pulled:1.0', `docker://${depot.host}/demo/app:1.1`]),
  )
  note(tour, 'another tag', tagged)
  stage.claim(`another tag: no blob moved, ${count(tagged)}`, succeeded(tagged) && tagged.blobBytes === 0)
  const mounted = await depot.observe(() =>
    crossdock.run(['copy', '--all', remote, `docker://${depot.host}/team/app:1.0`]),
  )
  note(tour, 'another repository', mounted)
  const mounts = mounted.requests.filter(({ route, status }) => route === 'mount' && status === 201).length
  const text = `another repository: ${mounts} blobs mounted within the registry, ${formatBytes(mounted.blobBytes)} moved`
  stage.claim(text, succeeded(mounted) && mounts > 0 && mounted.blobBytes === 0)
}

function claimIdle(stage: Stage, seen: Observation<Ending>): void {
  stage.claim(
    `nothing to do: ${count(seen)}, no blob moved`,
    succeeded(seen) && seen.requests.length <= 2 && seen.blobBytes === 0,
  )
}

async function verifyAll({ stage, folder, image, signal }: Tour): Promise<void> {
  stage.heading('Every byte, hashed once more')
  for (const name of ['pulled', 'resumed']) {
    const report = await verifyLayout(join(folder, name), { root: image.digest, signal })
    const whole = report.problems.length === 0 && report.blobs === image.blobs && report.bytes === image.bytes
    stage.claim(
      `oci:${name}:1.0  ${report.blobs} blobs, ${formatBytes(report.bytes)}: each is what its digest says`,
      whole,
    )
    for (const problem of report.problems) stage.line(problem)
  }
}

function count({ requests }: Observation<Ending>): string {
  return `${requests.length} request${requests.length === 1 ? '' : 's'}`
}
