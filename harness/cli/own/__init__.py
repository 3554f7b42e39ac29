"""The forms of two verbs that search problems of one's own.

compare   `compare --problem`
peers     `peers --problems`
"""
