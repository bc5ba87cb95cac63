import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { mkdir } from 'node:fs/promises'
import { digestOf } from '@crossdock/core'
import { expect, it, onTestFinished } from 'vitest'
import { openStore } from '../../src/open-store.ts'
import type { Finding } from '../../src/store.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const MIB = 1024 * 1024
const CHUNK = new Uint8Array(MIB / 4).fill(3)

function shell(script: string, path: string): void {
  execFileSync('sh', ['-c', script, path], { stdio: 'ignore' })
}

/** A file system of 4 MiB in memory; undefined where none can be mounted: only root on Linux may. */
async function smallDisk(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const path = join(await temporaryFolder(), 'disk')
  await mkdir(path)
  try {
    shell('mount -t tmpfs -o size=4m tmpfs "$0"', path)
  } catch {
    return undefined
  }
  onTestFinished(() => shell('umount "$0"', path))
  return path
}

it('keeps what came before the disk was full, and goes on from there', async ({ skip }) => {
  const folder = await smallDisk()
  if (folder === undefined) {
    skip('no file system can be mounted here')
    return
  }
  await using store = await openStore({ folder })
  const { content } = store
  const first = await content.ingest({ ref: 'first' })
  await first.write(CHUNK)
  const { info } = await first.commit()

  const ingest = await content.ingest({ ref: 'large' })
  const fill = async (): Promise<void> => {
    for (;;) await ingest.write(CHUNK)
  }
  await expect(fill()).rejects.toMatchObject({ code: 'IO', message: expect.stringContaining('the disk is full') })
  const { offset } = ingest.status()
  expect(offset % CHUNK.byteLength).toBe(0)
  expect(offset).toBeGreaterThan(MIB)
  await ingest[Symbol.asyncDispose]()
  expect(await content.status('large')).toMatchObject({ offset })
  expect(await content.has(info.digest)).toBe(true)

  shell('mount -o remount,size=16m "$0"', folder)
  await using again = await content.ingest({ ref: 'large' })
  expect(again.status().offset).toBe(offset)
  await again.write(CHUNK)
  const bytes = new Uint8Array(offset + CHUNK.byteLength).fill(3)
  expect((await again.commit()).info).toMatchObject({ digest: digestOf(bytes), size: bytes.byteLength })
  const findings: Finding[] = []
  for await (const finding of store.verify()) findings.push(finding)
  expect(findings).toStrictEqual([])
})
