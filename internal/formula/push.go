package formula

import "time"

// Push makes of the formula what can be asked of a data source, for this user: every record for which the formula
// is TRUE matches the filter. With exact, a record that matches is one for which the formula is TRUE, if it can be
// evaluated at all; without it, and always where a source is not to be believed, what comes back is evaluated again.
//
// The error is an *Error: a part that has to be TRUE can not be evaluated for this user, whatever the record, and
// the filter matches none.
func (p *Program) Push(u User, now time.Time) (f Filter, exact bool, err error) {
	r := (&pusher{p.text, Input{User: u, Now: now}}).push(&p.plan, false)
	return r.filter, r.exact, r.err
}

// pusher fills a plan for a user.
type pusher struct {
	text string
	in   Input
}

// pushed is what became of a part: a filter that matches whatever the part is TRUE for, or FALSE for where it
// was asked for the opposite.
type pushed struct {
	filter Filter
	exact  bool
	err    error // why the part can not be evaluated; the filter then matches nothing
}

func always(truth bool) pushed { return pushed{filter: Filter{Const: &truth}, exact: true} }

// unknown matches everything, because the source is not asked.
func unknown() pushed {
	r := always(true)
	r.exact = false
	return r
}

func asked(f Filter) pushed { return pushed{filter: f, exact: true} }

func failed(err error) pushed {
	r := always(false)
	r.err = err
	return r
}

// is tells whether it is TRUE or FALSE for all records.
func (r pushed) is(truth bool) bool { return r.filter.Const != nil && *r.filter.Const == truth }

func (s *pusher) push(p *plan, opposed bool) pushed {
	switch p.how {
	case constant:
		truth, err := s.truth(p)
		if err != nil {
			return failed(err)
		}
		return always(truth != opposed)
	case compareField:
		return s.comparison(p, opposed)
	case testField:
		return s.test(p, opposed)
	case blankField:
		if opposed {
			return asked(Filter{Field: p.field, Op: NotEqual})
		}
		return asked(isNull(p.field))
	case bareField:
		f := Filter{Field: p.field, Op: Equal, Value: !opposed}
		if opposed {
			f = orNull(f)
		}
		return asked(f)
	case opposite:
		return s.push(&p.parts[0], !opposed)
	case every, some:
		if (p.how == every) != opposed {
			return s.conjunction(p.parts, opposed)
		}
		return s.disjunction(p.parts, opposed)
	case either:
		return s.choose(p, opposed)
	default:
		return unknown()
	}
}

// value evaluates what reads nothing of a record.
func (s *pusher) value(p *plan) (Value, error) { return run(p.code, s.text, s.in) }

func (s *pusher) truth(p *plan) (bool, error) {
	v, err := s.value(p)
	if err != nil {
		return false, err
	}
	truth, err := truthOf(v)
	if err != nil {
		return false, errorAt(s.text, 0, err)
	}
	return truth, nil
}

// comparison asks for field op value. A record with a blank field is one for which it is FALSE, except with <>.
func (s *pusher) comparison(p *plan, opposed bool) pushed {
	v, err := s.value(p)
	if err != nil {
		return failed(err)
	}
	op := p.op
	if op == unequal { // is NOT of =
		op, opposed = equal, !opposed
	}
	if blank(v) {
		return always(opposed)
	}
	kind := KindOf(v)
	if kind == Blank || op != equal && kind&(Number|Time) == 0 {
		return unknown() // an error, or the order of texts
	}
	if opposed {
		return asked(orNull(Filter{Field: p.field, Op: opposites[op], Value: v}))
	}
	return asked(Filter{Field: p.field, Op: comparisons[op], Value: v})
}

var opposites = map[operator]Op{equal: NotEqual, less: GreaterOrEqual, lessOrEqual: Greater, greater: LessOrEqual, greaterOrEqual: Less}

func (s *pusher) test(p *plan, opposed bool) pushed {
	v, err := s.value(p)
	if err != nil {
		return failed(err)
	}
	if blank(v) {
		return always(opposed)
	}
	if KindOf(v) != Text {
		return unknown() // an error
	}
	f := Filter{Field: p.field, Op: p.test, Value: v}
	if opposed {
		return asked(orNull(Filter{Not: &f}))
	}
	return asked(f)
}

func isNull(field string) Filter { return Filter{Field: field, Op: Equal} }

// orNull is for what is TRUE of a blank field.
func orNull(f Filter) Filter {
	field := f.Field
	if f.Not != nil {
		field = f.Not.Field
	}
	return Filter{Or: []Filter{isNull(field), f}}
}

// conjunction asks for all parts, or for none of them where they are opposed.
func (s *pusher) conjunction(parts []plan, opposed bool) pushed {
	all, exact := []Filter{}, true
	for i := range parts {
		r := s.push(&parts[i], opposed)
		if r.is(false) {
			return r
		}
		exact = exact && r.exact
		switch {
		case r.is(true):
		case r.filter.And != nil:
			all = append(all, r.filter.And...)
		default:
			all = append(all, r.filter)
		}
	}
	switch len(all) {
	case 0:
		r := always(true)
		r.exact = exact
		return r
	case 1:
		return pushed{filter: all[0], exact: exact}
	}
	return pushed{filter: Filter{And: all}, exact: exact}
}

// disjunction asks for any part. Where one is not asked of the source, none is.
func (s *pusher) disjunction(parts []plan, opposed bool) pushed {
	var (
		all   []Filter
		exact = true
		why   error
	)
	for i := range parts {
		r := s.push(&parts[i], opposed)
		if r.is(true) {
			return pushed{filter: r.filter, exact: r.exact}
		}
		exact = exact && r.exact
		switch {
		case r.is(false):
			if why == nil {
				why = r.err
			}
		case r.filter.Or != nil:
			all = append(all, r.filter.Or...)
		default:
			all = append(all, r.filter)
		}
	}
	switch len(all) {
	case 0:
		return failed(why)
	case 1:
		return pushed{filter: all[0], exact: exact}
	}
	return pushed{filter: Filter{Or: all}, exact: exact}
}

// choose takes the part that the user's condition asks for; without the other value it is FALSE.
func (s *pusher) choose(p *plan, opposed bool) pushed {
	truth, err := s.truth(p)
	switch {
	case err != nil:
		return failed(err)
	case truth:
		return s.push(&p.parts[0], opposed)
	case len(p.parts) > 1:
		return s.push(&p.parts[1], opposed)
	default:
		return always(opposed)
	}
}
