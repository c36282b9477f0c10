package models

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"gorm.io/gorm/schema"
)

// micros is a time as columns hold it: microseconds since 1970 UTC, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromMicros is the inverse of micros.
func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// now is the present, as precise as columns can hold it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// microSerializer lets gorm store time.Time and time.Duration fields as microseconds. Fields ask for it with `gorm:"serializer:micro"`.
type microSerializer struct{}

func init() { schema.RegisterSerializer("micro", microSerializer{}) }

// Scan implements [schema.SerializerInterface].
func (microSerializer) Scan(ctx context.Context, field *schema.Field, dst reflect.Value, value any) error {
	us, ok := value.(int64)
	if !ok && value != nil {
		return fmt.Errorf("read column %s: microseconds expected, got %T", field.DBName, value)
	}
	if field.FieldType == reflect.TypeFor[time.Duration]() {
		return field.Set(ctx, dst, time.Duration(us)*time.Microsecond)
	}
	return field.Set(ctx, dst, fromMicros(us))
}

// Value implements [schema.SerializerInterface].
func (microSerializer) Value(_ context.Context, field *schema.Field, _ reflect.Value, value any) (any, error) {
	switch v := value.(type) {
	case time.Time:
		return micros(v), nil
	case time.Duration:
		return v.Microseconds(), nil
	default:
		return nil, fmt.Errorf("write column %s: time or duration expected, got %T", field.DBName, value)
	}
}
