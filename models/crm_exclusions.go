package models

import (
	"context"
	"fmt"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Exclusion is a number that never makes a lead (R2).
type Exclusion struct {
	Tenant    core.TenantID
	Number    string    // E.164
	Reason    string    // for people, "" = none
	CreatedAt time.Time `gorm:"serializer:micro"`
}

// TableName implements gorm's Tabler.
func (Exclusion) TableName() string { return "lead_exclusions" }

// longestReason bounds why a number is excluded, in characters.
const longestReason = 200

// Exclude puts a number on its tenant's list of those that never make a lead, in its normal form with the tenant's region. Of one that is on it the reason changes.
func (c *CRM) Exclude(ctx context.Context, x Exclusion) (Exclusion, error) {
	var v violations
	v.text("reason", x.Reason, longestReason)
	if err := v.err(); err != nil {
		return Exclusion{}, err
	}
	var err error
	if x.Number, err = c.numberOf(ctx, x.Tenant, x.Number); err != nil {
		return Exclusion{}, err
	}
	err = c.db.write.WithContext(ctx).Raw(`INSERT INTO lead_exclusions (tenant, number, reason, created_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant, number) DO UPDATE SET reason = excluded.reason RETURNING *`, string(x.Tenant), x.Number, x.Reason, micros(now())).Scan(&x).Error
	if err != nil {
		return Exclusion{}, fmt.Errorf("exclude a number from leads: %w", err)
	}
	return x, nil
}

// EndExclusion takes a number off its tenant's list; [ErrNotFound] if it is not on it. What called meanwhile makes no lead.
func (c *CRM) EndExclusion(ctx context.Context, tenant core.TenantID, number string) error {
	number, err := c.numberOf(ctx, tenant, number)
	if err != nil {
		return err
	}
	res := c.db.write.WithContext(ctx).Exec(`DELETE FROM lead_exclusions WHERE tenant = ? AND number = ?`, string(tenant), number)
	if res.Error == nil && res.RowsAffected == 0 {
		res.Error = ErrNotFound
	}
	if res.Error != nil {
		return fmt.Errorf("end the exclusion of a number: %w", res.Error)
	}
	return nil
}

// ExclusionFilter selects excluded numbers. Zero fields select everything.
type ExclusionFilter struct {
	Paging
	Tenant core.TenantID
	Search string // words that all are in the reason, or a part of the number
}

// Exclusions lists excluded numbers, newest first.
func (c *CRM) Exclusions(ctx context.Context, f ExclusionFilter) (Page[Exclusion], error) {
	q := c.db.read.WithContext(ctx).Model(&Exclusion{})
	if f.Tenant != "" {
		q = q.Where("tenant = ?", string(f.Tenant))
	}
	q = sought(q, f.Search, "number LIKE ?", "reason")
	page, err := readPage(q, f.Paging, "created_at", "(tenant || ' ' || number)", func(x Exclusion) place {
		return place{at: micros(x.CreatedAt), id: string(x.Tenant) + " " + x.Number}
	})
	if err != nil {
		return page, fmt.Errorf("list excluded numbers: %w", err)
	}
	return page, nil
}

// numberOf gives a number in its normal form, by the region of the tenant.
func (c *CRM) numberOf(ctx context.Context, tenant core.TenantID, number string) (string, error) {
	t, err := c.db.Config().Tenant(ctx, tenant)
	if err != nil {
		return "", err
	}
	normal, problem := NormalNumber(number, t.Setup.Region)
	if problem != NumberOK {
		return "", Invalid{{Field: "number", Rule: "must be a telephone number with its country code, or one of the tenant's region"}}
	}
	return normal, nil
}
