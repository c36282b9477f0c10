import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { CallRecord } from '@/api/types'
import { useMe } from '@/app/session'
import { useDates } from '@/i18n/dates'
import { clock } from '@/live/clock'
import { Dialog } from '@/ui/Dialog'
import { Facts } from '@/ui/Facts'
import { useAgentName, useCustomer, usePlaceName } from '@/views/desk/names'
import { Timeline } from './Timeline'
import css from './Calls.module.css'

/** States of recordings that will never be in the archive. */
const gone: ReadonlySet<string> = new Set(['failed', 'lost', 'erased'])

/** One call that is over: its figures, its recordings for those who may hear them, and its story. */
export function CallDetails({ record: r, onClose }: { record: CallRecord; onClose: () => void }) {
  const { t } = useTranslation('calls')
  const dates = useDates()
  const customer = useCustomer()(r)
  const agent = useAgentName()
  const place = usePlaceName()
  const mayListen = useMe().may.includes('getRecordingAudio')
  const recordings = useQuery({
    queryKey: ['recordings', r.call],
    queryFn: () => ask(api.GET('/api/v1/recordings', { params: { query: { call: r.call } } })),
    enabled: mayListen && (r.recordings?.length ?? 0) > 0,
  })
  const facts = [
    [t('column.time'), dates.exactly(r.arrived_at)],
    [t('column.outcome'), t(`outcome.${r.outcome}`)],
    [t('called'), r.to],
    [t('column.place'), r.queue ? place('queue', r.queue) : r.entry_point ? place('entry_point', r.entry_point) : '–'],
    [t('column.agents'), r.agents?.map(agent).join(', ') ?? '–'],
    [t('column.wait'), clock(r.wait)],
    [t('column.talk'), clock(r.talk)],
    [t('held'), clock(r.hold)],
  ].map(([name = '', value]) => ({ name, value }))
  return (
    <Dialog title={customer.title} isOpen onClose={onClose} wide>
      <Facts of={facts} />
      {recordings.data?.items.map((rec) =>
        rec.state === 'archived' && !rec.discarded_at ? (
          <div key={rec.id}>
            {rec.consult && <p className={css.soft}>{t('recordingOfConsult')}</p>}
            {/* eslint-disable-next-line jsx-a11y/media-has-caption -- nobody has written down what is said in a call */}
            <audio
              className={css.audio}
              controls
              preload="none"
              src={`/api/v1/recordings/${encodeURIComponent(rec.id)}/audio`}
              aria-label={t(rec.consult ? 'recordingOfConsult' : 'recording')}
            />
          </div>
        ) : (
          <p key={rec.id} className={css.soft}>
            {t(rec.discarded_at ? 'discarded' : gone.has(rec.state) ? 'failed' : 'notYet')}
          </p>
        ),
      )}
      <h3>{t('timeline.title')}</h3>
      <Timeline call={r.call} />
    </Dialog>
  )
}
