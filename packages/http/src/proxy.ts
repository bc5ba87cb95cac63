import { BlockList, isIP } from 'node:net'
import { ImageError } from '@crossdock/core'
import { addressKind } from './address-kind.ts'
import type { ProxyOptions } from './options.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy for a URL, or undefined. Hosts of this machine are always reached without one, since a proxy would look for them
 * on its own.
 */
export function proxyFor(url: URL, options: ProxyOptions | false, env: Environment): URL | undefined {
  if (options === false) return undefined
  const text = proxyText(url, options, env)
  if (text === undefined || text === '' || addressKind(url.hostname) === 'loopback') return undefined
  const noProxy = options.noProxy ?? env['no_proxy'] ?? env['NO_PROXY'] ?? ''
  if (noProxy.split(/[,\s]+/).some((entry) => entry !== '' && matchesEntry(url, entry))) return undefined
  const proxy = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (proxy === null || !/^(?:https?|socks5?):$/.test(proxy.protocol)) {
    // The text itself may hold a password.
    throw new ImageError(
      'INVALID_DATA',
      `the proxy setting for ${url.protocol}// URLs is not an http, https or socks5 URL`,
    )
  }
  return proxy
}

function proxyText(url: URL, options: ProxyOptions, env: Environment): string | undefined {
  if (url.protocol === 'https:') return options.https ?? env['https_proxy'] ?? env['HTTPS_PROXY']
  return options.http ?? env['http_proxy'] ?? env['HTTP_PROXY']
}

function matchesEntry(url: URL, entry: string): boolean {
  if (entry === '*') return true
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (entry.includes('/')) return inBlock(host, entry)
  const { name, port } = splitPort(entry.toLowerCase())
  if (port !== undefined && port !== (url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port))
    return false
  if (name === '*') return true
  if (isIP(name) !== 0) return canonicalIp(name) === host
  if (name.startsWith('.') || name.startsWith('*.')) return host.endsWith(name.replace(/^\*/, ''))
  return host === name || host.endsWith(`.${name}`)
}

function splitPort(entry: string): { name: string; port: string | undefined } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry)
  if (bracketed !== null) return { name: bracketed[1] ?? '', port: bracketed[2] }
  const colon = entry.indexOf(':')
  if (colon < 0 || colon !== entry.lastIndexOf(':')) return { name: entry, port: undefined }
  return { name: entry.slice(0, colon), port: entry.slice(colon + 1) }
}

function canonicalIp(ip: string): string {
  return isIP(ip) === 6 ? new URL(`http://[${ip}]`).hostname.slice(1, -1) : ip
}

function inBlock(host: string, entry: string): boolean {
  const family = isIP(host)
  const slash = entry.indexOf('/')
  const [network, bits] = [entry.slice(0, slash), Number(entry.slice(slash + 1))]
  if (family === 0 || isIP(network) !== family || !Number.isInteger(bits)) return false
  if (bits < 0 || bits > (family === 6 ? 128 : 32)) return false
  const type = family === 6 ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  list.addSubnet(network, bits, type)
  return list.check(host, type)
}
