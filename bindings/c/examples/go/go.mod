module example.org/decide

go 1.19
