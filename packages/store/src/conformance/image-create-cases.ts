import assert from 'node:assert/strict'
import type { Digest } from '@crossdock/core'
import { assertFails } from './assert-fails.ts'
import { assertImage, disguised, imageOf, type ImageNamesCase, namesOf, targetOf } from './image-steps.ts'

/** Names that are odd and fine: containerd takes any text. */
const NAMES = ['a', 'registry.test/app:1', 'with blank', '../up', 'ünï/☃', '%00', 'quote\'"', 'x'.repeat(4096)]

export const imageCreateCases: readonly ImageNamesCase[] = [
  {
    id: 'create/gives-back',
    rule: 'what was created is given back, and got later',
    async run({ images }) {
      const image = imageOf('registry.test/app:1', { labels: { a: '1', 'b.c/d': 'two words' } })
      assertImage(await images.create(image), image)
      assertImage(await images.get(image.name), image)
    },
  },
  {
    id: 'create/whole-target',
    rule: 'every field of the target is kept',
    async run({ images }) {
      const target = targetOf('whole', {
        annotations: { 'org.example.empty': '', 'org.example.note': 'x' },
        platform: { os: 'linux', architecture: 'arm', variant: 'v7', 'os.features': ['a'] },
        artifactType: 'application/vnd.example+json',
        urls: ['https://example.com/blob'],
        data: 'd2hvbGU=',
      })
      await images.create({ name: 'whole', target })
      assertImage(await images.get('whole'), { name: 'whole', target })
    },
  },
  {
    id: 'create/times',
    rule: 'both times of a new record are the time of its creation',
    async run({ images }) {
      const before = Date.now()
      const { createdAt, updatedAt } = await images.create(imageOf('a'))
      assert.equal(createdAt.getTime(), updatedAt.getTime())
      assert.ok(createdAt.getTime() >= before && createdAt.getTime() <= Date.now(), createdAt.toISOString())
    },
  },
  {
    id: 'create/any-name',
    rule: 'any text but the empty one is a name',
    async run({ images }) {
      for (const name of NAMES) await images.create(imageOf(name))
      for (const name of NAMES) assert.equal((await images.get(name)).name, name)
      assert.equal((await images.list()).length, NAMES.length)
    },
  },
  {
    id: 'create/exists',
    rule: 'a name that exists is a conflict, and keeps its target',
    async run({ images }) {
      const first = imageOf('a')
      await images.create(first)
      await assertFails('CONFLICT', 'creating it again', () => images.create(imageOf('a', { target: targetOf('b') })))
      assertImage(await images.get('a'), first)
    },
  },
  {
    id: 'create/invalid',
    rule: 'a record that is none is refused, and nothing is stored',
    async run({ images }) {
      const wrong = [
        imageOf('', { target: targetOf('a') }),
        imageOf('x'.repeat(4097)),
        imageOf('lone \ud800'),
        imageOf('size', { target: targetOf('a', { size: 0 }) }),
        imageOf('negative', { target: targetOf('a', { size: -1 }) }),
        imageOf('fraction', { target: targetOf('a', { size: 1.5 }) }),
        imageOf('type', { target: targetOf('a', { mediaType: '' }) }),
        imageOf('digest', { target: targetOf('a', { digest: disguised<Digest>('sha256:abc') }) }),
        imageOf('label', { labels: { k: 'v'.repeat(4096) } }),
      ]
      for (const image of wrong)
        await assertFails('INVALID_DATA', `creating "${image.name}"`, () => images.create(image))
      assert.deepEqual(namesOf(await images.list()), [])
    },
  },
  {
    id: 'create/labels',
    rule: 'labels without a value are not stored; key and value may have 4096 bytes together',
    async run({ images }) {
      const longest = { s: 's'.repeat(4095), ['k'.repeat(4095)]: 'v', __proto__x: 'y' }
      const { labels } = await images.create(imageOf('a', { labels: { ...longest, empty: '' } }))
      assert.deepEqual({ ...labels }, longest)
      await assertFails('INVALID_DATA', 'a label of 4097 bytes', () =>
        images.create(imageOf('b', { labels: { ß: 's'.repeat(4095) } })),
      )
    },
  },
  {
    id: 'create/race',
    rule: 'of many that create one name at once exactly one succeeds',
    async run({ images }) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, async (_, index) =>
          images.create(imageOf('a', { target: targetOf(String(index)) })),
        ),
      )
      const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      assert.equal(won.length, 1)
      assert.equal((await images.get('a')).target.digest, won[0]?.target.digest)
    },
  },
]
