package batch

import "errors"

func Reframe(raw []byte, s Stamp, o Options) ([]Frame, error) { return nil, errors.ErrUnsupported }
