package models

import (
	"context"
	"fmt"
)

// Dead lists the jobs that were given up, those first that were given up last.
func (j *Jobs) Dead(ctx context.Context) ([]Job, error) {
	var dead []Job
	if err := j.db.read.WithContext(ctx).Where("state = ?", string(JobDead)).Order("finished_at DESC, id").Find(&dead).Error; err != nil {
		return nil, fmt.Errorf("list the jobs that were given up: %w", err)
	}
	return dead, nil
}

// Revive has a job that was given up tried again at once, with as many tries as a new one; it leaves the alert, which was true. [ErrNotFound] if no such job was given up.
func (j *Jobs) Revive(ctx context.Context, id string) error {
	res := j.db.write.WithContext(ctx).Exec(`UPDATE jobs SET state = 'pending', strikes = 0, next_at = ?, sent_at = 0, finished_at = 0 WHERE id = ? AND state = 'dead'`, micros(now()), id)
	if res.Error == nil && res.RowsAffected == 0 {
		res.Error = ErrNotFound
	}
	if res.Error != nil {
		return fmt.Errorf("try job %s again: %w", id, res.Error)
	}
	return nil
}
