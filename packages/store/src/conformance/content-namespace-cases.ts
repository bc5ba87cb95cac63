import assert from 'node:assert/strict'
import {
  assertContent,
  assertNoContent,
  type ContentCase,
  contentOf,
  joined,
  writeContent,
  collected,
} from './content-steps.ts'

export const contentNamespaceCases: readonly ContentCase[] = [
  {
    id: 'namespaces/share',
    rule: 'what one namespace has another gets by naming it, without sending bytes',
    async run({ content, neighbour }) {
      const one = contentOf(1, 1000)
      await writeContent(content, 'shared', one, { labels: { whose: 'ours' } })
      await assertNoContent(neighbour, one)
      await using ingest = await neighbour.ingest({ ref: 'shared', digest: one.digest, size: 1000 })
      assert.equal(ingest.status().offset, 1000)
      assert.equal(ingest.status().total, 1000)
      assert.equal(ingest.digest(), one.digest)
      const { info } = await ingest.commit({ size: 1000, digest: one.digest })
      assert.deepEqual({ ...info.labels }, {})
      await assertContent(neighbour, one)
      assert.deepEqual({ ...(await assertContent(content, one)).labels }, { whose: 'ours' })
    },
  },
  {
    id: 'namespaces/append',
    rule: 'what one namespace has can be the beginning of what another brings in',
    async run({ content, neighbour }) {
      const one = contentOf(2, 1000)
      const longer = joined(one, Buffer.from('appended bytes'))
      await writeContent(content, 'shared', one)
      await using ingest = await neighbour.ingest({ ref: 'shared', digest: one.digest })
      await ingest.write(Buffer.from('appended bytes'))
      assert.equal(ingest.status().offset, 1014)
      const { existed } = await ingest.commit({ size: 1014, digest: longer.digest })
      assert.equal(existed, false)
      await assertContent(neighbour, longer)
      await assertContent(content, one)
      await assertNoContent(neighbour, one)
    },
  },
  {
    id: 'namespaces/begin-again',
    rule: 'what is shared can be sent nevertheless',
    async run({ content, neighbour }) {
      const one = contentOf(3, 1000)
      await writeContent(content, 'shared', one)
      await using ingest = await neighbour.ingest({ ref: 'shared', digest: one.digest })
      await ingest.truncate()
      assert.equal(ingest.status().offset, 0)
      await ingest.write(one.bytes)
      await ingest.commit()
      await assertContent(neighbour, one)
    },
  },
  {
    id: 'namespaces/refs',
    rule: 'refs of two namespaces have nothing to do with each other',
    async run({ content, neighbour }) {
      await using ours = await content.ingest({ ref: 'same' })
      await using theirs = await neighbour.ingest({ ref: 'same' })
      await ours.write(new Uint8Array(10))
      assert.equal((await neighbour.status('same')).offset, 0)
      assert.deepEqual(await collected(neighbour.ingests(), ({ offset }) => offset), [0])
      await theirs.write(new Uint8Array(20))
      assert.equal((await content.status('same')).offset, 10)
    },
  },
  {
    id: 'namespaces/delete',
    rule: 'what one namespace forgets the other keeps',
    async run({ content, neighbour }) {
      const one = contentOf(4, 100)
      for (const [at, each] of [content, neighbour].entries()) {
        await using ingest = await each.ingest({ ref: 'x', digest: one.digest })
        if (at === 0) await ingest.write(one.bytes)
        await ingest.commit()
      }
      await content.delete(one.digest)
      await assertNoContent(content, one)
      await assertContent(neighbour, one)
    },
  },
]
