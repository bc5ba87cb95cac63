import type { TransportPlugin } from '@crossdock/core'
import { httpDefinition, type HttpTransportOptions } from './options.ts'
import { httpsTransport, httpTransport, type UrlTransport } from './transport.ts'

/** What the command loads by this package's name, for each of its transports. */
export const httpPlugin: TransportPlugin<HttpTransportOptions, UrlTransport<'http'>> = {
  name: 'http',
  options: httpDefinition.schema,
  create: httpTransport,
}

export const httpsPlugin: TransportPlugin<HttpTransportOptions, UrlTransport<'https'>> = {
  name: 'https',
  options: httpDefinition.schema,
  create: httpsTransport,
}
