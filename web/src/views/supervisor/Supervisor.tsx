import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Board } from './Board'
import { CallDrawer } from './CallDrawer'
import { CallsBoard } from './CallsBoard'
import { Now } from './Now'
import { QueuesBoard } from './QueuesBoard'

/** What is going on: the queues, and every call (S2). */
export function Supervisor() {
  const { t } = useTranslation('supervisor')
  const { queue: named } = useSearch({ from: '/inside/supervisor' })
  const [queue, setQueue] = useState(named)
  const [opened, setOpened] = useState<string>()
  return (
    <Board title={t('title')}>
      <Now />
      <QueuesBoard only={setQueue} />
      <CallsBoard queue={queue} setQueue={setQueue} open={setOpened} />
      {opened !== undefined && <CallDrawer key={opened} id={opened} onClose={() => setOpened(undefined)} />}
    </Board>
  )
}
