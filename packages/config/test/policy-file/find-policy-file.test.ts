import { symlink } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { findPolicyFile, policyFilePlaces } from '../../src/index.ts'
import { hostFolder } from '../host/host-folder.ts'

const [USER, ETC, USR] = [
  'home/me/.config/containers/policy.json',
  'etc/containers/policy.json',
  'usr/share/containers/policy.json',
]

describe('findPolicyFile', () => {
  it('takes the first of the usual places', async () => {
    const all = await hostFolder({ [USER]: '', [ETC]: '', [USR]: '' })
    expect(policyFilePlaces(all.host)).toEqual([USER, ETC, USR].map(all.path))
    expect(await findPolicyFile(all.host)).toEqual({ path: all.path(USER), from: 'search' })
    const system = await hostFolder({ [ETC]: '', [USR]: '' })
    expect(await findPolicyFile(system.host)).toEqual({ path: system.path(ETC), from: 'search' })
    const vendor = await hostFolder({ [USR]: '', [`${ETC}.d/x.json`]: '' })
    expect(await findPolicyFile(vendor.host)).toEqual({ path: vendor.path(USR), from: 'search' })
    expect(await findPolicyFile((await hostFolder()).host)).toBeUndefined()
  })

  it('takes what is given before the variable, and that before all others', async () => {
    const { host, path } = await hostFolder({ [ETC]: '', given: '', named: '' })
    const named = { ...host, env: { CONTAINERS_POLICY_JSON: path('named') } }
    expect(await findPolicyFile(named)).toEqual({ path: path('named'), from: 'environment' })
    expect(await findPolicyFile(named, { explicit: path('given') })).toEqual({ path: path('given'), from: 'caller' })
    expect(await findPolicyFile({ ...host, env: { CONTAINERS_POLICY_JSON: '' } })).toMatchObject({ from: 'search' })
  })

  it('does not go on without what was named', async () => {
    const { host, path } = await hostFolder({ [ETC]: '' })
    await expect(findPolicyFile(host, { explicit: path('gone') })).rejects.toMatchObject({ code: 'IO' })
    const named = { ...host, env: { CONTAINERS_POLICY_JSON: path('gone') } }
    await expect(findPolicyFile(named)).rejects.toThrow('which CONTAINERS_POLICY_JSON names, does not exist')
  })

  it.skipIf(process.platform === 'win32')(
    'does not take a link to nothing, or in a circle, for no policy',
    async () => {
      const { host, path } = await hostFolder({ 'home/me/.config/containers/x': '', [USR]: '' })
      await symlink(path('gone'), path(USER))
      await expect(findPolicyFile(host)).rejects.toMatchObject({ code: 'IO' })
      const circle = await hostFolder({ 'etc/containers/x': '', [USR]: '' })
      await symlink(circle.path(ETC), circle.path(ETC))
      await expect(findPolicyFile(circle.host)).rejects.toMatchObject({ code: 'IO' })
    },
  )

  it('finds what is no file, so that its reader refuses it', async () => {
    const { host, path } = await hostFolder({ [`${ETC}/x`]: '' })
    expect(await findPolicyFile(host)).toEqual({ path: path(ETC), from: 'search' })
  })
})
