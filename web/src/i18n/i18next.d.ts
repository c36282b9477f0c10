import type admin from './en/admin.json'
import type calls from './en/calls.json'
import type common from './en/common.json'
import type desk from './en/desk.json'
import type supervisor from './en/supervisor.json'

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common'
    resources: { common: typeof common; calls: typeof calls; desk: typeof desk; supervisor: typeof supervisor; admin: typeof admin }
  }
}
