import { Plus, Trash2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { components } from '@/api/schema'
import { Button, IconButton } from '@/ui/Button'
import { classes } from '@/ui/classes'
import { Checkbox, Select, TextField } from '@/ui/Field'
import type { EditorProps } from './fields'
import css from './Form.module.css'
import { Group } from './Group'

type Variable = components['schemas']['VariableSetup']

const types = ['string', 'integer', 'decimal', 'boolean', 'date_time'] as const

/** As many variables an entry point may have, and as many of them a request may show (C2, C18). */
export const most = { all: 100, popUp: 6 }

/** The data of an entry point's calls (C18), in the order in which agents see it. */
export function Variables({ draft, set, error, item, isReadOnly }: EditorProps) {
  const { t } = useTranslation('admin')
  const variables = (draft.variables ?? []) as Variable[]
  const shown = variables.filter((v) => v.pop_up).length
  const put = (next: Variable[]) => set('variables', next)
  const change = (i: number, part: Partial<Variable>) => put(variables.map((v, at) => (at === i ? { ...v, ...part } : v)))
  return (
    <Group label={t('entryPoints.variables')} hint={t('entryPoints.variables_hint', { all: most.all, shown, popUp: most.popUp })} error={error}>
      <div className={css.stack}>
        {variables.map((v, i) => {
          const called = v.label || v.name || String(i + 1)
          return (
            // By place: the name is what is being typed.
            <div key={i} className={classes(css.box, item === i && css.rowWrong)} role="group" aria-label={called}>
              <TextField label={t('variables.name')} value={v.name} onChange={(name) => change(i, { name })} isReadOnly={isReadOnly} placeholder="order" />
              <TextField label={t('variables.label')} value={v.label ?? ''} onChange={(label) => change(i, { label })} isReadOnly={isReadOnly} />
              <Select
                label={t('variables.type')}
                options={types.map((id) => ({ id, label: t(`variables.type_${id}`) }))}
                value={v.type}
                onChange={(type) => change(i, { type })}
                isDisabled={isReadOnly}
              />
              <div className={css.boxWide}>
                <Checkbox isSelected={v.editable ?? false} onChange={(editable) => change(i, { editable })} isDisabled={isReadOnly}>
                  {t('variables.editable')}
                </Checkbox>
                <Checkbox isSelected={v.secure ?? false} onChange={(secure) => change(i, secure ? { secure, pop_up: false } : { secure })} isDisabled={isReadOnly}>
                  {t('variables.secure')}
                </Checkbox>
                <Checkbox
                  isSelected={v.pop_up ?? false}
                  onChange={(pop_up) => change(i, { pop_up })}
                  isDisabled={isReadOnly || Boolean(v.secure) || (!v.pop_up && shown >= most.popUp)}
                >
                  {t('variables.popUp')}
                </Checkbox>
                <Checkbox isSelected={v.global ?? false} onChange={(global) => change(i, { global })} isDisabled={isReadOnly}>
                  {t('variables.global')}
                </Checkbox>
                {!isReadOnly && (
                  <span className={css.end}>
                    <IconButton small label={t('form.remove', { name: called })} icon={<Trash2 size={16} aria-hidden />} onPress={() => put(variables.filter((_, at) => at !== i))} />
                  </span>
                )}
              </div>
            </div>
          )
        })}
        {!isReadOnly && variables.length < most.all && (
          <div>
            <Button small onPress={() => put([...variables, { name: '', type: 'string', editable: true }])}>
              <Plus size={15} aria-hidden />
              {t('variables.add')}
            </Button>
          </div>
        )}
      </div>
    </Group>
  )
}
