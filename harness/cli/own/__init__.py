"""Other forms of two verbs: on problems of one's own, and on landscapes.

compare      `compare --problem`
landscapes   `compare --landscapes`
peers        `peers --problems`
"""
