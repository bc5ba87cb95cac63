import assert from 'node:assert/strict'
import { assertFails } from './assert-fails.ts'
import { assertImage, imageOf, type ImageNamesCase, namesOf, targetOf } from './image-steps.ts'

export const imagePutCases: readonly ImageNamesCase[] = [
  {
    id: 'put/new',
    rule: 'a name that is not there is created',
    async run({ images }) {
      const image = imageOf('a', { labels: { a: '1', empty: '' } })
      assertImage(await images.put(image), { ...image, labels: { a: '1' } })
    },
  },
  {
    id: 'put/replaces',
    rule: 'a name that is there stands for the new target, and keeps its time of creation and its labels unless others are given',
    async run({ images }) {
      const created = await images.create(imageOf('a', { labels: { a: '1' } }))
      const put = await images.put({ name: 'a', target: targetOf('b') })
      assertImage(put, { name: 'a', target: targetOf('b'), labels: { a: '1' } })
      assert.equal(put.createdAt.getTime(), created.createdAt.getTime())
      assert.ok(put.updatedAt > created.updatedAt)
      assertImage(await images.put(imageOf('a', { labels: { b: '2' } })), imageOf('a', { labels: { b: '2' } }))
    },
  },
  {
    id: 'put/several',
    rule: 'several are stored together, or none',
    async run({ images }) {
      const wrong = imageOf('c', { target: targetOf('c', { size: 0 }) })
      await assertFails('INVALID_DATA', 'one of three is none', () =>
        images.putAll([imageOf('a'), imageOf('b'), wrong]),
      )
      assert.deepEqual(namesOf(await images.list()), [])
      assert.deepEqual(namesOf(await images.putAll([imageOf('b'), imageOf('a')])), ['b', 'a'])
      assert.deepEqual(namesOf(await images.list()), ['a', 'b'])
      assert.deepEqual(await images.putAll([]), [])
    },
  },
  {
    id: 'delete/name',
    rule: 'a deleted name is gone, and may be created again',
    async run({ images }) {
      await images.create(imageOf('a'))
      await images.create(imageOf('b'))
      await images.delete('a')
      await assertFails('NOT_FOUND', 'getting it', () => images.get('a'))
      await assertFails('NOT_FOUND', 'deleting it again', () => images.delete('a'))
      assert.deepEqual(namesOf(await images.list()), ['b'])
      await images.create(imageOf('a'))
    },
  },
  {
    id: 'delete/target',
    rule: 'a name that stands for something else than was said is not deleted',
    async run({ images }) {
      const { target } = await images.create(imageOf('a'))
      const other = targetOf('other').digest
      await assertFails('NOT_FOUND', 'another target', () => images.delete('a', { target: other }))
      assertImage(await images.get('a'), imageOf('a'))
      await images.delete('a', { target: target.digest })
      assert.deepEqual(await images.list(), [])
    },
  },
]
