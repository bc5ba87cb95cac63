import { utimesSync } from 'node:fs'
import { chmod, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { acquireLock, type LockOptions } from '../src/lock.ts'
import { formatOwner, lifeOf, parseOwner, thisProcess } from '../src/owner.ts'
import { CHILDREN_RUN, runChild, startChild } from './children/run-child.ts'
import { temporaryFolder } from './temporary-folder.ts'

const OPTIONS: LockOptions = { timeoutMs: 10_000, guarded: 'the test' }

describe('a lock', () => {
  it('is held by one at a time, whoever comes', async () => {
    const folder = await temporaryFolder()
    let holders = 0
    let turns = 0
    const work = async (): Promise<void> => {
      await using lock = await acquireLock(folder, OPTIONS)
      expect(++holders).toBe(1)
      await lock.assertHeld()
      turns++
      holders--
    }
    await Promise.all(Array.from({ length: 30 }, work))
    expect(turns).toBe(30)
    expect(await readdir(folder)).toEqual(['lock.30'])
  })

  it('is free after its turn, and leaves one small file', async () => {
    const folder = await temporaryFolder()
    for (let turn = 1; turn <= 3; turn++) {
      const lock = await acquireLock(folder, OPTIONS)
      expect(await readFile(join(folder, `lock.${turn}`), 'utf8')).toMatch(/^held\n/)
      await lock[Symbol.asyncDispose]()
      expect(await readFile(join(folder, `lock.${turn}`), 'utf8')).toMatch(/^free\n/)
    }
    expect(await readdir(folder)).toEqual(['lock.3'])
  })

  it('names its holder when it does not become free in time', async () => {
    const folder = await temporaryFolder()
    await using lock = await acquireLock(folder, OPTIONS)
    await expect(acquireLock(folder, { timeoutMs: 20, guarded: 'the test' })).rejects.toMatchObject({
      code: 'CONFLICT',
      retryable: true,
      message: expect.stringMatching(new RegExp(`process ${process.pid} on .* writing the test`)),
    })
    await lock.assertHeld()
  })

  it('is not waited for after an abort', async () => {
    const folder = await temporaryFolder()
    await using lock = await acquireLock(folder, OPTIONS)
    const controller = new AbortController()
    const waiting = acquireLock(folder, { ...OPTIONS, signal: controller.signal })
    setImmediate(() => controller.abort('stop'))
    await expect(waiting).rejects.toBe('stop')
    await lock.assertHeld()
  })

  it.runIf(CHILDREN_RUN)('of a killed process is taken over at once, by one of many', async () => {
    const folder = await temporaryFolder()
    const { process: child, ended } = startChild(new URL('./children/hold-lock.ts', import.meta.url), [folder])
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    child.kill('SIGKILL')
    await ended
    const began = performance.now()
    let holders = 0
    const take = async (): Promise<void> => {
      await using lock = await acquireLock(folder, OPTIONS)
      expect(++holders).toBe(1)
      await lock.assertHeld()
      holders--
    }
    await Promise.all(Array.from({ length: 8 }, take))
    expect(performance.now() - began).toBeLessThan(5000)
  })

  it('of a living process is not taken, however old', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'lock.7'), `held\n${formatOwner(thisProcess())}\nhost\n2020\n`)
    await utimes(join(folder, 'lock.7'), 0, 0)
    await expect(acquireLock(folder, { ...OPTIONS, timeoutMs: 50 })).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it.each([
    ['another machine', '123-456-00000000'],
    ['nobody that can be read', ''],
  ])('of %s is waited for as long as its heartbeat might come', async (_who, owner) => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'lock.7'), `held\n${owner}\nhost\n2020\n`)
    await expect(acquireLock(folder, { ...OPTIONS, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('lock.7'),
    })
  })

  it.each([
    ['another machine', '123-456-00000000'],
    ['nobody that can be read', ''],
  ])('of %s is taken over when its heartbeat stood still for long', async (_who, owner) => {
    const folder = await temporaryFolder()
    const path = join(folder, 'lock.7')
    await writeFile(path, `held\n${owner}\nhost\n2020\n`)
    let clock = 0
    const now = vi.spyOn(performance, 'now').mockImplementation(() => (clock += 1500))
    onTestFinished(() => now.mockRestore())
    await using lock = await acquireLock(folder, { timeoutMs: 1e9, guarded: 'the test' })
    await lock.assertHeld()
    expect(clock).toBeGreaterThan(10_000)
    expect(await readdir(folder)).toEqual(['lock.8'])
  })

  it.runIf(process.getuid?.() === 0)(
    'of another user, unreadable, is taken over when its heartbeat stood still',
    async () => {
      const folder = await temporaryFolder()
      await writeFile(join(folder, 'lock.7'), 'free\n', { mode: 0o600 })
      await chmod(folder, 0o777)
      let clock = 0
      const now = vi.spyOn(performance, 'now').mockImplementation(() => (clock += 1500))
      onTestFinished(() => now.mockRestore())
      process.seteuid?.(65534)
      onTestFinished(() => process.seteuid?.(0))
      await using lock = await acquireLock(folder, { timeoutMs: 1e9, guarded: 'the test' })
      await lock.assertHeld()
      expect(clock).toBeGreaterThan(10_000)
    },
  )

  it('is readable for others once it is free', async () => {
    const folder = await temporaryFolder()
    const lock = await acquireLock(folder, OPTIONS)
    expect((await stat(join(folder, 'lock.1'))).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600)
    await lock[Symbol.asyncDispose]()
    expect((await stat(join(folder, 'lock.1'))).mode & 0o444).toBe(0o444 & ~process.umask())
  })

  it('of another machine is kept while its heart beats', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'lock.7')
    await writeFile(path, 'held\n123-456-00000000\nhost\n2020\n')
    let clock = 0
    const now = vi.spyOn(performance, 'now').mockImplementation(() => {
      utimesSync(path, clock, clock)
      return (clock += 1500)
    })
    onTestFinished(() => now.mockRestore())
    await expect(acquireLock(folder, { timeoutMs: 30_000, guarded: 'the test' })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    expect(await readdir(folder)).toEqual(['lock.7'])
  })

  it('that somebody took over is noticed before anything is changed', async () => {
    const folder = await temporaryFolder()
    await using lock = await acquireLock(folder, OPTIONS)
    await writeFile(join(folder, 'lock.2'), 'held\n')
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it.runIf(process.platform !== 'win32')('that is a link is refused at once, wherever it leads', async () => {
    const folder = await temporaryFolder()
    await symlink('nowhere', join(folder, 'lock.3'))
    await expect(acquireLock(folder, OPTIONS)).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining('lock.3'),
    })
  })

  it('with the highest number is refused, not counted on from', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'lock.999999999999999'), 'free\n')
    await expect(acquireLock(folder, OPTIONS)).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringMatching(/lock\.9{15}.*remove it/),
    })
  })

  it('says whom it waits for, after a while', async () => {
    const folder = await temporaryFolder()
    const lock = await acquireLock(folder, OPTIONS)
    const { promise, resolve } = Promise.withResolvers<string>()
    const waiting = acquireLock(folder, {
      ...OPTIONS,
      onProgress: (event) => event.type === 'note' && resolve(event.message),
    })
    expect(await promise).toContain(`process ${process.pid}`)
    await lock[Symbol.asyncDispose]()
    await (await waiting)[Symbol.asyncDispose]()
  })
})

describe('an owner', () => {
  it('prints and reads back', () => {
    expect(parseOwner(formatOwner(thisProcess()))).toEqual(thisProcess())
    for (const text of ['', '1', '1-2', '0-1-00000000', '1-1-zzzzzzzz', '1-1-00000000-', 'a-1-00000000']) {
      expect(parseOwner(text)).toBeUndefined()
    }
  })

  it.runIf(CHILDREN_RUN)('is alive, dead, or of another place', async () => {
    const self = thisProcess()
    expect(lifeOf(self)).toBe('alive')
    expect(lifeOf({ ...self, place: '00000000' })).toBe('unknown')
    const pid = Number(await runChild(new URL('./children/print-pid.ts', import.meta.url), []))
    expect(lifeOf({ ...self, pid })).toBe('dead')
  })

  it.runIf(process.platform === 'linux')('is dead if its number belongs to a later process', () => {
    expect(lifeOf({ ...thisProcess(), start: '1' })).toBe('dead')
  })
})
