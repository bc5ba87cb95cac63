import type { ImageSource, Referrer } from '@crossdock/core'
import type { FaultAction } from '@crossdock/registry-server'
import {
  rootDescriptor,
  testArtifact,
  testImage,
  testIndex,
  withReferrers,
  writeImage,
} from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { mirrored, notes, readBytes } from './mirrored.ts'
import { collect, failure, transport } from './peers.ts'

const IMAGE = testImage()

/** Long enough for a machine that is busy. */
const SILENCE = { headersTimeoutMs: 1500, idleBodyTimeoutMs: 1500 }

const FAILURES: readonly (readonly [string, FaultAction])[] = [
  ['500', { kind: 'respond', status: 500 }],
  ['503', { kind: 'respond', status: 503 }],
  ['429 that lasts', { kind: 'rateLimit', budget: 0 }],
  ['a reset', { kind: 'reset' }],
  ['a cut', { kind: 'cut', afterBytes: 10 }],
  ['silence', { kind: 'hang' }],
  ['a web page', { kind: 'html' }],
  ['a redirect to nowhere', { kind: 'redirect', to: 'http://169.254.169.254{path}' }],
  ['a redirect in a loop', { kind: 'redirect', to: '{path}' }],
]

describe('a mirror', () => {
  it('that is well costs what the registry itself would', async () => {
    const place = await mirrored(IMAGE)
    const { reference, registry, mirror, requestsOf } = place
    await using source = await reference.openSource()
    expect((await source.getManifest(undefined, place)).digest).toBe(IMAGE.root.digest)
    for (const { descriptor, bytes } of IMAGE.blobs) {
      expect((await readBytes(source, descriptor)).equals(bytes)).toBe(true)
    }
    expect(requestsOf(registry)).toEqual([])
    expect(requestsOf(mirror)).toEqual(['GET manifest 200', ...IMAGE.blobs.map(() => 'GET blob 200')])
    expect(mirror.requests.at(-1)?.path).toContain('/v2/cache/app/')
  })

  it('is told of, once, and changes nothing of what the image is', async () => {
    const place = await mirrored(testIndex())
    await using source = await place.reference.openSource()
    const { reference, registry, mirror } = place
    const instance = testIndex().manifests[0]?.digest
    await source.getManifest(undefined, place)
    await source.getManifest(instance, place)
    expect(notes(place, 'info')).toEqual([`docker://${registry.host}/team/app:t is read from ${mirror.host}/cache/app`])
    expect(source.reference).toBe(reference)
    expect(reference.dockerReference).toMatchObject({ domain: registry.host, path: 'team/app', tag: 't' })
    expect(reference.policy.identity).toBe(`${registry.host}/team/app:t`)
    expect(place.asked).toEqual([reference.dockerReference])
  })

  it.each(FAILURES)('that answers with %s is left for the registry', async (_name, action) => {
    const options = action.kind === 'hang' ? SILENCE : {}
    const place = await mirrored(IMAGE, { options })
    place.mirror.faults.add({ match: { route: 'manifest' }, action })
    await using source = await place.reference.openSource()
    expect((await source.getManifest(undefined, place)).digest).toBe(IMAGE.root.digest)
    expect(place.requestsOf(place.registry)).toEqual(['GET manifest 200'])
    expect(notes(place, 'info')).toEqual([])
    expect(notes(place, 'warning')).toEqual([
      expect.stringMatching(
        new RegExp(`^${place.mirror.host}/cache/app: .*; ${place.registry.host}/team/app is asked instead$`),
      ),
    ])
  })

  it('that is not there is left for the registry', async () => {
    const place = await mirrored(IMAGE)
    await place.mirror.close()
    await using source = await place.reference.openSource()
    expect((await source.getManifest()).digest).toBe(IMAGE.root.digest)
  })

  it('that has not the image is left without a word', async () => {
    const place = await mirrored(IMAGE, { mirrors: [undefined] })
    await using source = await place.reference.openSource()
    expect((await source.getManifest(undefined, place)).digest).toBe(IMAGE.root.digest)
    expect(place.events).toEqual([])
  })

  it.each(['UNAUTHENTICATED', 'FORBIDDEN'])(
    'that says %s before it gave anything is left with a warning',
    async (code) => {
      const place = await mirrored(IMAGE)
      const action: FaultAction = code === 'FORBIDDEN' ? { kind: 'respond', status: 403 } : { kind: 'unauthorized' }
      place.mirror.faults.add({ match: { route: 'manifest' }, action })
      await using source = await place.reference.openSource()
      expect((await source.getManifest(undefined, place)).digest).toBe(IMAGE.root.digest)
      expect(notes(place, 'warning')).toHaveLength(1)
    },
  )

  it('that gives other bytes for a digest is not passed over', async () => {
    const place = await mirrored(IMAGE)
    place.mirror.faults.add({ match: { route: 'manifest' }, action: { kind: 'corrupt', atByte: 3 } })
    const pinned = place.docker.parseReference(`//${place.registry.host}/team/app@${IMAGE.root.digest}`)
    await using source = await pinned.openSource()
    const error = await failure(() => source.getManifest())
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', side: 'source' })
    expect(error.message).toContain(`docker://${place.mirror.host}/cache/app`)
    expect(place.requestsOf(place.registry)).toEqual([])
  })

  it('decides what a tag stands for, and the rest goes by digest', async () => {
    const stale = testImage({ seed: 'stale' })
    const place = await mirrored(IMAGE, { mirrors: [stale] })
    // Only the registry has its content still.
    await writeImage(transport().parseReference(`//${place.registry.host}/team/app:old`), stale)
    await using source = await place.reference.openSource()
    expect((await source.getManifest()).digest).toBe(stale.root.digest)
    place.mirror.faults.add({ match: { route: 'blob' }, action: { kind: 'respond', status: 404 } })
    for (const { descriptor, bytes } of stale.blobs) {
      expect((await readBytes(source, descriptor)).equals(bytes)).toBe(true)
    }
    place.mirror.faults.add({ match: { route: 'manifest' }, action: { kind: 'respond', status: 404 } })
    expect((await source.getManifest(stale.root.digest)).digest).toBe(stale.root.digest)
  })

  it('that leads to the registry, which leads back, ends', async () => {
    const place = await mirrored(IMAGE)
    const { mirror, registry } = place
    mirror.faults.add({
      match: { route: 'manifest' },
      action: { kind: 'redirect', to: `http://${registry.host}{path}` },
    })
    registry.faults.add({
      match: { route: 'manifest' },
      action: { kind: 'redirect', to: `http://${mirror.host}{path}` },
    })
    await using source = await place.reference.openSource()
    expect(await failure(() => source.getManifest())).toMatchObject({ code: 'INVALID_DATA' })
  })
})

describe('the failure of all', () => {
  it("has the registry's code and tells of each in a line", async () => {
    const place = await mirrored(IMAGE, { mirrors: [IMAGE, undefined] })
    place.mirror.faults.add({ action: { kind: 'respond', status: 503, body: 'x'.repeat(2000) } })
    place.registry.faults.add({ match: { route: 'manifest' }, action: { kind: 'respond', status: 403 } })
    await using source = await place.reference.openSource()
    const error = await failure(() => source.getManifest())
    const [first, second] = place.mirrors
    expect(error).toMatchObject({
      code: 'FORBIDDEN',
      side: 'source',
      image: `docker://${place.registry.host}/team/app:t`,
    })
    expect(error.message).toMatch(
      `manifest t of docker://${place.registry.host}/team/app:t: none of 3 places gives it: `,
    )
    expect(error.message).toContain(`${first?.host}/cache/app: the registry failed, status 503`)
    expect(error.message).toContain(`${second?.host}/cache/app: not found, status 404`)
    expect(error.message).toContain(`${place.registry.host}/team/app: permission denied, status 403`)
    expect(error.message.length).toBeLessThan(1200)
    expect(error.message).not.toContain('\n')
  })

  it('is NOT_FOUND where the registry has it not, whatever is wrong with mirrors', async () => {
    const place = await mirrored(IMAGE)
    place.mirror.faults.add({ action: { kind: 'respond', status: 503 } })
    await using source = await place.docker.parseReference(`//${place.registry.host}/team/app:other`).openSource()
    expect(await failure(() => source.getManifest())).toMatchObject({ code: 'NOT_FOUND', retryable: false })
  })
})

describe('a registry that is elsewhere', () => {
  it('is read there and written to where its name says', async () => {
    const place = await mirrored(IMAGE, { route: {} })
    const elsewhere = { reference: { domain: place.mirror.host, path: 'cache/app' }, insecure: false }
    const docker = transport({ registries: () => ({ sources: [elsewhere], insecure: false }) })
    const reference = docker.parseReference('//registry.invalid/team/app:t')
    await using source = await reference.openSource()
    expect((await source.getManifest(undefined, place)).digest).toBe(IMAGE.root.digest)
    expect(notes(place, 'info')).toEqual([
      `docker://registry.invalid/team/app:t is read from ${place.mirror.host}/cache/app`,
    ])
    expect(await collect(reference.tags())).toEqual(['t'])
    const missing = await failure(() => source.getManifest(testIndex().root.digest))
    expect(missing).toMatchObject({ code: 'NOT_FOUND', image: 'docker://registry.invalid/team/app:t' })
    const here = docker.parseReference(`//${place.registry.host}/new/app:t`)
    await writeImage(here, IMAGE)
    expect(place.requestsOf(place.registry)).toContain('PUT manifest 201')
    expect(place.requestsOf(place.mirror).filter((request) => !/^(?:GET|HEAD) /.test(request))).toEqual([])
  })

  it('is where its name says if the route names no place', async () => {
    const place = await mirrored(IMAGE, { route: { sources: [] } })
    await using source = await place.reference.openSource()
    await source.getManifest(undefined, place)
    expect(place.requestsOf(place.mirror)).toEqual([])
    expect(place.events).toEqual([])
  })
})

describe('lists', () => {
  it('come from the mirror, and as a whole from the registry if that fails', async () => {
    const place = await mirrored(IMAGE, { servers: { tagsPageSize: 1 } })
    await writeImage(transport().parseReference(`//${place.mirror.host}/cache/app:u`), IMAGE)
    expect(await collect(place.reference.tags())).toEqual(['t', 'u'])
    place.mirror.faults.add({ match: { route: 'tags' }, action: { kind: 'respond', status: 503 } })
    expect(await collect(place.reference.tags())).toEqual(['t'])
  })

  it('are not put together from two places', async () => {
    const place = await mirrored(IMAGE, { servers: { tagsPageSize: 1 } })
    await writeImage(transport().parseReference(`//${place.mirror.host}/cache/app:u`), IMAGE)
    place.mirror.faults.add({ match: { route: 'tags', nth: 2 }, action: { kind: 'respond', status: 503 } })
    expect(await failure(() => collect(place.reference.tags()))).toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('of referrers come from the first place that has any', async () => {
    const artifact = testArtifact({ subject: rootDescriptor(IMAGE) })
    const place = await mirrored(withReferrers(IMAGE, [artifact]), { mirrors: [IMAGE] })
    await using source = await place.reference.openSource()
    await source.getManifest()
    const found = await collect(referrersOf(source))
    expect(found.map(({ digest }) => digest)).toEqual([artifact.root.digest])
    // Nobody waits for a registry that is known to be down, nor does its silence spoil an answer.
    await place.registry.close()
    const other = await collect(referrersOf(source))
    expect(other).toEqual([])
  })

  it('leave what they have begun when the reader leaves', async () => {
    const place = await mirrored(IMAGE)
    for await (const tag of place.reference.tags()) {
      expect(tag).toBe('t')
      break
    }
  })
})

it('says how large a blob is from wherever it is', async () => {
  const place = await mirrored(IMAGE, { mirrors: [undefined] })
  await using source = await place.reference.openSource()
  const [blob] = IMAGE.blobs
  expect(await source.blobSize?.(blob?.descriptor.digest ?? IMAGE.root.digest)).toBe(blob?.bytes.byteLength)
})

describe('a blocked registry', () => {
  it('is refused before anything is asked of anybody, naming what blocks it', async () => {
    const blocked = 'example.com is blocked by registries.conf:3\u001b[31m'
    const place = await mirrored(IMAGE, { route: { blocked } })
    const { reference } = place
    const runs: readonly (readonly [string | undefined, () => Promise<unknown>])[] = [
      ['source', () => reference.openSource()],
      ['destination', () => reference.openDestination()],
      [undefined, () => reference.delete()],
      [undefined, () => collect(reference.tags())],
    ]
    for (const [side, run] of runs) {
      const error = await failure(run)
      expect(error).toMatchObject({
        code: 'REJECTED_BY_POLICY',
        side,
        image: `docker://${place.registry.host}/team/app:t`,
      })
      expect(error.message).toContain(': example.com is blocked by registries.conf:3')
      expect(error.message).not.toContain('\u001b')
    }
    expect(place.requestsOf(place.registry)).toEqual([])
    expect(place.requestsOf(place.mirror)).toEqual([])
  })
})

describe('the lookup', () => {
  it('may take its time, and is left when the operation is aborted', async () => {
    const stop = new AbortController()
    const docker = transport({ registries: () => new Promise(() => undefined) })
    const opening = docker.parseReference('//registry.invalid/a:t').openSource({ signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(opening).rejects.toThrow('enough')
  })

  it('ends the operation with what it throws', async () => {
    const docker = transport({
      registries: () => {
        throw new TypeError('broken')
      },
    })
    await expect(docker.parseReference('//registry.invalid/a:t').openSource()).rejects.toThrow('broken')
  })
})

function referrersOf({ referrers }: ImageSource): AsyncIterable<Referrer> {
  if (referrers === undefined) throw new TypeError('a source without referrers')
  return referrers(IMAGE.root.digest)
}
