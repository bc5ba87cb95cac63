import { describe, expect, it } from 'vitest'
import { findCertificates, findCertificatesFolder } from '../../src/index.ts'
import { hostFolder } from '../host/host-folder.ts'

const PEM = '-----BEGIN CERTIFICATE-----\n'
const [USER, ETC, USR, DOCKER] = [
  'home/me/.config/containers/certs.d',
  'etc/containers/certs.d',
  'usr/share/containers/certs.d',
  'etc/docker/certs.d',
]

describe('findCertificates', () => {
  it.each([
    [[USR], USR],
    [[DOCKER, USR], USR],
    [[DOCKER], DOCKER],
    [[ETC, USR, DOCKER], ETC],
    [[USER, ETC], USER],
  ])('with folders in %j takes the one in %s', async (folders, expected) => {
    const { host, path } = await hostFolder(Object.fromEntries(folders.map((f) => [`${f}/a.com:5000/ca.crt`, PEM + f])))
    const { folder, searched } = await findCertificatesFolder(host, 'a.com:5000')
    expect(folder).toBe(path(`${expected}/a.com:5000`))
    expect(searched.map(({ state }) => state)).toContain('read')
    expect((await findCertificates(host, 'a.com:5000'))?.ca?.at(-1)).toBe(PEM + expected)
    expect(await findCertificates(host, 'a.com')).toBeUndefined()
  })

  it('takes the first folder with whatever is in it', async () => {
    const { host } = await hostFolder({ [`${USER}/a.com/README`]: '', [`${ETC}/a.com/ca.crt`]: PEM })
    expect(await findCertificates(host, 'a.com')).toEqual({})
  })

  it('looks in the one folder that is given', async () => {
    const { host, path } = await hostFolder({ [`${ETC}/a.com/ca.crt`]: PEM, 'given/b.com/x.crt': PEM })
    const certsDir = path('given')
    expect(await findCertificates(host, 'a.com', { certsDir })).toBeUndefined()
    expect((await findCertificates(host, 'b.com', { certsDir }))?.ca).toBeDefined()
  })

  it.each(['..', '.', '../..', 'a/../..', '', '/etc', 'a\\b'])('does not go anywhere for %j', async (registry) => {
    const { host } = await hostFolder({ [`${ETC}/ca.crt`]: PEM })
    expect(await findCertificatesFolder(host, registry)).toEqual({ folder: undefined, searched: [] })
  })

  it('throws for half a pair, and for a file in place of the folder', async () => {
    const { host } = await hostFolder({ [`${ETC}/a.com/me.cert`]: PEM, [`${ETC}/b.com`]: PEM })
    await expect(findCertificates(host, 'a.com')).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(findCertificates(host, 'b.com')).rejects.toMatchObject({ code: 'IO' })
  })
})
