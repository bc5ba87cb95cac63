import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { errorNumber, fileError } from '../src/file-errors.ts'

/** As the functions of `node:fs` throw it. */
function systemError(code: string, errno: number): Error {
  return Object.assign(new Error(`${code}: from a test, write`), { code, errno, syscall: 'write' })
}

describe('errorNumber', () => {
  it('is the code of a failure of the system', () => {
    expect(errorNumber(systemError('ENOSPC', -constants.errno.ENOSPC))).toBe('ENOSPC')
  })

  it.runIf(process.platform === 'linux').each(['EDQUOT', 'ESTALE'] as const)(
    'is %s, for which Node.js has no name',
    (name) => {
      expect(errorNumber(systemError('UNKNOWN', -constants.errno[name]))).toBe(name)
      const inWords = `Unknown system error ${-constants.errno[name]}`
      expect(errorNumber(systemError(inWords, -constants.errno[name]))).toBe(name)
    },
  )

  it('stays UNKNOWN for a number that nobody knows', () => {
    expect(errorNumber(systemError('UNKNOWN', -4094))).toBe('UNKNOWN')
  })

  it('is nothing for an error of something else', () => {
    expect(errorNumber(new Error('no'))).toBeUndefined()
    expect(errorNumber(Object.assign(new Error('no'), { code: 'EIO' }))).toBeUndefined()
    expect(errorNumber('ENOSPC')).toBeUndefined()
  })
})

describe('fileError', () => {
  it.runIf(process.platform === 'linux')('says that a quota is used up, and what to do', () => {
    expect(fileError(systemError('UNKNOWN', -constants.errno.EDQUOT), 'write', '/a')).toMatchObject({
      code: 'IO',
      message: 'cannot write "/a": the disk quota is used up (EDQUOT); make room and try again',
    })
  })

  it('says in words that a disk fails', () => {
    expect(fileError(systemError('EIO', -constants.errno.EIO), 'flush', '/a')).toMatchObject({
      message: 'cannot flush "/a": the disk reports an error (EIO); check the disk, or choose another path',
    })
  })

  it('leaves other errors as they are', () => {
    const reason = new TypeError('no')
    expect(fileError(reason, 'write', '/a')).toBe(reason)
  })
})
