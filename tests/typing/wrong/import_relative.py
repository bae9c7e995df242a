# header: system
from .shared_functions import root_of  # M: Cannot find implementation or library stub for module named ".shared_functions"  # e: ImportError
