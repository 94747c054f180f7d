package main

import "errors"

// textFlag is a flag with a text that must not be empty: `--base-url "$UNSET"` does not mean the default. Its kind is what
// help calls the text. (The flag package would take that from back-quotes in the description, which completions show.)
type textFlag struct {
	text *string
	kind string
}

var errEmptyFlag = errors.New("it is empty; is a variable unset?")

func (f textFlag) String() string {
	if f.text == nil {
		return ""
	}
	return *f.text
}

func (f textFlag) Type() string { return f.kind }

func (f textFlag) Set(text string) error {
	if text == "" {
		return errEmptyFlag
	}
	*f.text = text
	return nil
}

// textsFlag is a textFlag that may be repeated: it collects each text.
type textsFlag struct {
	textFlag
	texts *[]string
}

func (f textsFlag) Set(text string) error {
	if err := f.textFlag.Set(text); err != nil {
		return err
	}
	*f.texts = append(*f.texts, text)
	return nil
}
