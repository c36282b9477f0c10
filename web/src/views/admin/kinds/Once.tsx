import { Copy } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { notify } from '@/ui/notice'
import css from './Beside.module.css'

/** A password that is shown here and never again, with what has to be known beside it. It is open while there is a password. */
export function Once({ title, text, facts, password, onNoted }: { title: string; text: string; facts: readonly (readonly [string, string])[]; password: string | undefined; onNoted: () => void }) {
  const { t } = useTranslation('admin')
  return (
    <Dialog
      title={title}
      isOpen={password !== undefined}
      foot={
        <Button look="primary" onPress={onNoted}>
          {t('password.noted')}
        </Button>
      }
    >
      <p>{text}</p>
      <dl className={css.credentials}>
        {facts.map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{value}</dd>])}
        <dt>{t('password.title')}</dt>
        <dd>
          <code data-testid="password">{password}</code>
        </dd>
      </dl>
      {/* There on encrypted pages only. */}
      {'clipboard' in navigator && (
        <div>
          <Button small onPress={() => void navigator.clipboard.writeText(password ?? '').then(() => notify('good', t('password.copied')))}>
            <Copy size={15} aria-hidden />
            {t('password.copy')}
          </Button>
        </div>
      )}
    </Dialog>
  )
}
