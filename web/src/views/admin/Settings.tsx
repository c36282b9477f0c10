import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import { Problem } from '@/api/problem'
import { failureText } from '@/app/failure'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { TextField } from '@/ui/Field'
import { notify } from '@/ui/notice'
import { numberFrom } from './form/draft'
import formCSS from './form/Form.module.css'
import { ItemForm } from './Item'
import { ownTenant, tenants } from './kinds/tenants'
import { useChanged, useMay, useScope } from './setup'
import css from './Views.module.css'

/** The settings of the tenant that is looked at; for those of the whole site, what is the site's to decide as well. */
export function Settings() {
  const scope = useScope()
  const row = scope.tenants.find((t) => t.id === scope.tenant)
  const kind = scope.isSite ? { ...tenants, operations: { ...tenants.operations, remove: '' } } : ownTenant
  return (
    <div className={css.narrow}>
      {row && <ItemForm key={row.id} kind={kind} row={row} isNew={false} isAlone />}
      {scope.isSite && <Site />}
    </div>
  )
}

/** How many calls there may be at once. */
function Site() {
  const { t } = useTranslation('admin')
  const may = useMay()
  const changed = useChanged()
  const { data } = useQuery({ queryKey: ['admin', 'site'], queryFn: () => ask(api.GET('/api/v1/site')) })
  const [typed, setTyped] = useState<string>()
  const [problem, setProblem] = useState<string>()
  if (!data) return null
  const isReadOnly = !may('replaceSite')

  async function save() {
    const max_calls = numberFrom(typed ?? '') ?? 0
    if (typeof max_calls === 'string') {
      setProblem(t('form.notANumber'))
      return
    }
    try {
      await ask(
        api.PUT('/api/v1/site', { params: { header: data && data.version > 0 ? { 'If-Match': `"${data.version}"` } : {} }, body: { max_calls } }),
      )
      setTyped(undefined)
      setProblem(undefined)
      notify('good', t('item.saved', { name: t('settings.site') }))
      await changed()
    } catch (e) {
      setProblem(e instanceof Problem && e.code === 'invalid' ? e.message : failureText(e))
    }
  }

  return (
    <Card title={t('settings.site')}>
      <form
        className={formCSS.stack}
        onSubmit={(e) => {
          e.preventDefault()
          void save()
        }}
      >
        <div className={formCSS.quantity}>
          <TextField
            label={t('settings.maxCalls')}
            hint={t('settings.maxCallsHint')}
            inputMode="numeric"
            placeholder={t('form.none')}
            value={typed ?? (data.max_calls ? String(data.max_calls) : '')}
            onChange={setTyped}
            isReadOnly={isReadOnly}
            error={problem}
          />
        </div>
        {!isReadOnly && typed !== undefined && (
          <div>
            <Button look="primary" type="submit">
              {t('item.save')}
            </Button>
          </div>
        )}
      </form>
    </Card>
  )
}
